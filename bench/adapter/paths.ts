/** API paths for the adapter's benchmark. */
import { group, plural, version } from "../../crds/names.ts";

export const runsPath = (namespace: string): string => `/apis/${group}/${version}/namespaces/${namespace}/${plural}`;
export const jobsPath = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`;
/** A plain follow from the first line to the end of the container. */
export const podLogPath = (namespace: string, pod: string): string =>
  `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=claude&follow=true`;
export const secretsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
