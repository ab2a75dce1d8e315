import * as z from 'zod';

/** The surfaces on which an identity can prove itself. */
export const Channel = z.enum(['web', 'desktop', 'voice', 'in-person', 'machine']);
export type Channel = z.infer<typeof Channel>;
