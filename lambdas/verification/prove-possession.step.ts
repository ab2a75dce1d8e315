import { createHash } from 'node:crypto';
import type { ProofNonces } from '../platform/proof-nonce.port.ts';
import type { Proof, ProofReader } from '../platform/proof-of-possession.port.ts';
import type { SingleUse } from '../platform/single-use.port.ts';

/** How far from now a proof may say that it was made, either way: so much may clocks differ. */
const TOLERANCE_SECONDS = 60;

export interface PossessionDependencies {
  readonly proofs: ProofReader;
  readonly nonces: ProofNonces;
  readonly singleUse: SingleUse;
  /** The base URL of the API. */
  readonly issuer: string;
}

/** A request that came with a proof. */
export interface ProvenRequest {
  /** The `DPoP` header; several are joined by commas. */
  readonly proof: string | undefined;
  readonly method: string;
  /** Decoded, and without a query. */
  readonly path: string;
  /** The access token beside it, and the thumbprint of the key that the token is bound to. */
  readonly token?: { readonly value: string; readonly keyThumbprint: string };
}

/** Which key was proven, or what is wrong in the terms of RFC 9449; and a nonce for the next proof. */
export type Possession = { readonly nextNonce: string } & (
  | { readonly keyThumbprint: string }
  | { readonly refusal: 'invalid_dpop_proof' | 'use_dpop_nonce' }
);

/**
 * Proves that whoever sends a request holds a key (RFC 9449 §4.3): the proof is for this request and this access token,
 * by the key that the token is bound to, made just now with a nonce of ours, and shown for the first time. Only a proof
 * that is all else is used up.
 */
export function provePossession({ proofs, nonces, singleUse, issuer }: PossessionDependencies) {
  const base = withoutEndingSlash(new URL(issuer).href);

  return async (request: ProvenRequest, nowEpochSeconds: number): Promise<Possession> => {
    const nextNonce = await nonces.issue(nowEpochSeconds);
    const proof = await proofs.read(request.proof ?? '', nowEpochSeconds);
    if (proof === undefined || !isFor(request, proof) || !isRecent(proof, nowEpochSeconds))
      return { refusal: 'invalid_dpop_proof', nextNonce };
    if (proof.nonce === undefined || !(await nonces.accepts(proof.nonce, nowEpochSeconds)))
      return { refusal: 'use_dpop_nonce', nextNonce };
    const { keyThumbprint, id, issuedAtEpochSeconds } = proof;
    const refusedFrom = Math.ceil(issuedAtEpochSeconds) + TOLERANCE_SECONDS + 1;
    const isFirst = await singleUse.spend('dpop', `${keyThumbprint}.${id}`, refusedFrom);
    return isFirst ? { keyThumbprint, nextNonce } : { refusal: 'invalid_dpop_proof', nextNonce };
  };

  function isFor({ method, path, token }: ProvenRequest, proof: Proof): boolean {
    return (
      proof.method === method &&
      comparableUrl(proof.url) === base + path &&
      (token === undefined ||
        (proof.accessTokenHash === createHash('sha256').update(token.value).digest('base64url') &&
          proof.keyThumbprint === token.keyThumbprint))
    );
  }
}

function isRecent({ issuedAtEpochSeconds }: Proof, nowEpochSeconds: number): boolean {
  return Math.abs(nowEpochSeconds - issuedAtEpochSeconds) <= TOLERANCE_SECONDS;
}

/**
 * RFC 9449 §4.3: the URL counts without its query and fragment, after normalisation (RFC 3986 §6.2). Its path is
 * decoded, as API Gateway tells us that of the request.
 */
function comparableUrl(url: string): string | undefined {
  try {
    const { origin, pathname, username, password } = new URL(url);
    return username === '' && password === '' ? origin + decodeURIComponent(pathname) : undefined;
  } catch {
    return undefined;
  }
}

function withoutEndingSlash(url: string): string {
  return url.replace(/\/$/, '');
}
