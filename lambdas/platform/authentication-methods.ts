import * as z from 'zod';

/** How somebody authenticated: the values of `amr` that RFC 8176 §2 registers. */
export const AuthenticationMethod = z.enum([
  'face',
  'fpt',
  'geo',
  'hwk',
  'iris',
  'kba',
  'mca',
  'mfa',
  'otp',
  'pin',
  'pop',
  'pwd',
  'rba',
  'retina',
  'sc',
  'sms',
  'swk',
  'tel',
  'user',
  'vbm',
  'wia',
]);
export type AuthenticationMethod = z.infer<typeof AuthenticationMethod>;
