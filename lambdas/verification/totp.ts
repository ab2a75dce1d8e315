import { Secret, TOTP } from 'otpauth';

/** What every authenticator app understands: RFC 6238 with its defaults, six digits. */
const FORM = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Clocks differ, and codes take time to type: one step to either side (RFC 6238 §5.2). */
const WINDOW_STEPS = 1;

/** The time step whose code this is, undefined where it is none of those near this moment. */
export function stepOfCode(seed: Uint8Array, code: string, nowEpochSeconds: number): number | undefined {
  const timestamp = nowEpochSeconds * 1000;
  // It compares in constant time.
  const delta = TOTP.validate({
    ...FORM,
    secret: secretOf(seed),
    token: code,
    timestamp,
    window: WINDOW_STEPS,
  });
  return delta === null ? undefined : TOTP.counter({ period: FORM.period, timestamp }) + delta;
}

/** What an authenticator app scans. It holds the secret: it is shown once. */
export function totpUri(seed: Uint8Array, issuer: string, account: string): string {
  return new TOTP({ ...FORM, secret: secretOf(seed), issuer, label: account }).toString();
}

function secretOf(seed: Uint8Array): Secret {
  return new Secret({ buffer: Uint8Array.from(seed).buffer });
}
