/** Finds the exceeded limit in the kubelet's message about an eviction. */

/** Name of the container with claude. */
const containerName = "claude";
const storage = "spec.pod.resources.limits.ephemeral-storage";
/** A forged message may be long. */
const maxLength = 2_000;

/** A sentence with the field to raise; undefined for evictions of another kind, such as node pressure. */
export function limitToRaise(message: string): string | undefined {
  const text = message.slice(0, maxLength);
  if (/node (?:was|is) low on resource|node had condition/iu.test(text)) return undefined;
  const ofPod = /ephemeral local storage usage exceeds the total limit of containers (?<limit>[\w.]{1,40}\w)/u.exec(
    text,
  );
  if (ofPod !== null) return raise(storage, ofPod.groups?.["limit"]);
  const ofContainer =
    /Container (?<name>[\w-]{1,63}) exceeded its local ephemeral storage limit(?: "(?<limit>[^"]{1,40})")?/u;
  const container = ofContainer.exec(text)?.groups;
  if (container?.["name"] === containerName) return raise(storage, container["limit"]);
  if (container !== undefined) {
    return raise(`the ephemeral-storage limit of the container ${container["name"] ?? ""}`, container["limit"]);
  }
  const ofVolume = /Usage of EmptyDir volume "(?<name>[^"]{1,63})" exceeds the limit "(?<limit>[^"]{1,40})"/u;
  const volume = ofVolume.exec(text)?.groups;
  if (volume !== undefined) {
    return raise(`emptyDir.sizeLimit of the volume ${volume["name"] ?? ""} in spec.pod.volumes`, volume["limit"]);
  }
  return /exceed\w{0,3} [^\n]{0,80}limit/u.test(text)
    ? "The limit is the pod's own (spec.pod.resources.limits)."
    : undefined;
}

function raise(field: string, limit: string | undefined): string {
  return `Raise ${field}${limit === undefined ? "" : ` (${limit})`}.`;
}
