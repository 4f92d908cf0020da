/** Options of node:tls for a cluster and a client certificate, with Go's rules where node differs. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import tls, { checkServerIdentity, createSecureContext, type PeerCertificate } from "node:tls";
import { KubeconfigError } from "./errors.ts";

export interface TlsOptions {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

export interface TlsParts {
  /** PEM; empty: the machine's authorities. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serverName: string;
  readonly isInsecure: boolean;
  /** Names cluster and user in errors. */
  readonly subject: string;
}

/** Throws KubeconfigError for invalid certificates and for a key that does not match its certificate. */
export function tlsOptions({ ca, cert, key, serverName, isInsecure, subject }: TlsParts): TlsOptions {
  if (cert !== "") checkPair(cert, key, subject);
  return {
    ...(isInsecure ? {} : { ca: ca === "" ? machineAuthorities() : authoritiesIn(ca, subject) }),
    ...(cert === "" ? {} : { cert, key }),
    ...(serverName === "" ? {} : { servername: isIP(serverName) === 0 ? serverName : "" }),
    rejectUnauthorized: !isInsecure,
    // Ignores the common name, as Go does. Needed also for IP addresses, which servername cannot contain.
    checkServerIdentity: (host, certificate) =>
      certificate.subjectaltname === undefined
        ? new Error("the server's certificate has no subject alternative name")
        : checkServerIdentity(serverName || host, certificate),
  };
}

let machine: string[] | undefined;

/**
 * Node's authorities and the machine's, from the same places as Go: SSL_CERT_FILE, SSL_CERT_DIR, the system's
 * bundle.
 */
function machineAuthorities(): string[] {
  // Not a named import, because an older Node must load this file to report that it is too old.
  machine ??= [...new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")])];
  return machine;
}

/** Skips invalid certificates, as Go does, if at least one is valid. */
function authoritiesIn(pem: string, subject: string): string[] {
  const certificates = certificateBlocks(pem).filter(isCertificate);
  if (certificates.length === 0) {
    throw new KubeconfigError(`${subject} has a certificate authority without a certificate; allowed: PEM`);
  }
  return certificates;
}

/** Reads each character once, also where a beginning has no end. */
function certificateBlocks(pem: string): string[] {
  const [begin, end] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];
  const blocks: string[] = [];
  for (let start = pem.indexOf(begin); start >= 0; start = pem.indexOf(begin, start)) {
    const last = pem.indexOf(end, start);
    if (last < 0) break;
    blocks.push(pem.slice(start, last + end.length));
    start = last + end.length;
  }
  return blocks;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function checkPair(cert: string, key: string, subject: string): void {
  try {
    createSecureContext({ cert, key });
  } catch {
    // No cause: OpenSSL's message does not help.
    throw new KubeconfigError(
      `${subject} has a client certificate and a key that are not a pair; allowed: PEM, unencrypted`,
    );
  }
}
