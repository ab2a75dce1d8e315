import { randomBytes } from 'node:crypto';
import type { Ids } from './ids.port.ts';

/** 128 bits in hex: every character is also allowed in an execution's name and in a URL. */
export const randomIds: Ids = { next: () => randomBytes(16).toString('hex') };
