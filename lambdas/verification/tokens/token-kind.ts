import * as z from 'zod';
import type { AuthenticationMethod } from '../../platform/authentication-methods.ts';

/** The claims of a token whose signature, issuer, audience and times hold; the rest of them may be anything. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a token says by the rules of its kind. */
export interface Statement {
  readonly amr: readonly AuthenticationMethod[];
  /** The issuer says that its sign-in answered to its own origin only (NIST SP 800-63B-4 §3.2.5). */
  readonly phishingResistant?: boolean;
  /** When the identity was proven to the issuer; undefined where the kind does not say. */
  readonly provenAtEpochSeconds: number | undefined;
  /** Where and how a machine runs. */
  readonly posture?: Readonly<Record<string, string>>;
}

/** The rules of one kind of token, as the deployment trusts it. */
export interface TokenKind {
  readonly of: 'person' | 'machine';
  /** What the header's `typ` may be. */
  readonly types: readonly (string | undefined)[];
  /** Whether such a token is exchanged once; the others are files that their platform renews in place. */
  readonly isUsedOnce: boolean;
  /** @returns undefined where what the kind requires is missing, or is of another shape. */
  read(claims: Claims): Statement | undefined;
}

/** A claim that becomes posture: it goes on in our own tokens, which have to stay small. */
export const PostureClaim = z.string().min(1).max(512);
