import * as z from 'zod';
import { Administrator, connectionBase, SystemUrl } from '../../connection-base.ts';

/** An account at a vendor that can have several API keys at a time. What its endpoints answer: `README.md`. */
export const ApiKeyConnection = z.strictObject({
  ...connectionBase,
  kind: z.literal('api-key'),
  /** Where keys are listed, made and deleted. */
  keysUrl: SystemUrl,
  /** What any valid key may read. */
  testUrl: SystemUrl,
  administrator: Administrator,
});
