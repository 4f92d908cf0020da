/** The few paths of the API server that the adapter speaks to. */
import { apiVersion, plural } from "../../crds/names.ts";

/** ClaudeRuns of a namespace. */
export const runsPath = (namespace: string): string => `/apis/${apiVersion}/namespaces/${namespace}/${plural}`;
/** One ClaudeRun. */
export const runPath = (namespace: string, name: string): string => `${runsPath(namespace)}/${name}`;
/** The log of a pod. */
export const podLogPath = (namespace: string, pod: string): string => `/api/v1/namespaces/${namespace}/pods/${pod}/log`;
/** Secrets of a namespace: only ever written to. */
export const secretsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
/** Leases of a namespace. */
export const leasesPath = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
