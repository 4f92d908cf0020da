/** Paths of the API server that the clients use. */
import { apiVersion, plural } from "../crds/names.ts";

/** Encodes one segment of a path, so that a name with a slash cannot change the path. */
const segment = encodeURIComponent;

/** Path of the ClaudeRuns of a namespace. */
export const runsPath = (namespace: string): string => `/apis/${apiVersion}/namespaces/${segment(namespace)}/${plural}`;
/** Path of one ClaudeRun. */
export const runPath = (namespace: string, name: string): string => `${runsPath(namespace)}/${segment(name)}`;
/** Path of a pod's log. */
export const podLogPath = (namespace: string, pod: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/pods/${segment(pod)}/log`;
/** Path of the Secrets of a namespace. Clients never read them. */
export const secretsPath = (namespace: string): string => `/api/v1/namespaces/${segment(namespace)}/secrets`;
/** Path of one Secret. */
export const secretPath = (namespace: string, name: string): string => `${secretsPath(namespace)}/${segment(name)}`;
/** Path of the Leases of a namespace. */
export const leasesPath = (namespace: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${segment(namespace)}/leases`;
/** Path of one Lease. */
export const leasePath = (namespace: string, name: string): string => `${leasesPath(namespace)}/${segment(name)}`;
/** Path of one PersistentVolumeClaim. */
export const claimPath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${segment(namespace)}/persistentvolumeclaims/${segment(name)}`;
