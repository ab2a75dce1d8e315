import * as z from 'zod';
import { Duration } from '../../../platform/duration.ts';
import { connectionBase } from '../../connection-base.ts';

/**
 * A key that something signs with. Its public half is served by Sallyport, so that who verifies knows the next key
 * before anything is signed with it, and the one before as long as what it has signed may be about.
 */
export const SigningKeyConnection = z.strictObject({
  ...connectionBase,
  kind: z.literal('signing-key'),
  /** For how long who verifies may keep the key set: a key signs only after everybody can have seen it. */
  propagation: Duration.default('PT5M'),
  /** For how long after its last signature a key is still published: the longest life of what it signs. */
  overlap: Duration,
});
