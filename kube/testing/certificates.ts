/** Creates certificates for tests with openssl. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  /** PEM, self-signed. */
  readonly cert: string;
  readonly key: string;
}

/** Returns a self-signed certificate. `alternativeNames` in openssl's syntax: IP:127.0.0.1,DNS:kube. */
export function selfSigned(alternativeNames = "IP:127.0.0.1", commonName = "kube"): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [cert, key] = [join(folder, "cert"), join(folder, "key")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", `/CN=${commonName}`, "-addext", `subjectAltName=${alternativeNames}`];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...curve, ...names, "-keyout", key, "-out", cert], {
    stdio: "pipe",
  });
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
