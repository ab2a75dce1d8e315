import * as z from 'zod';

const DURATION = /^P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?$/;

/**
 * Seconds in an ISO 8601 duration of days, hours, minutes and seconds (RFC 3339, appendix A). Years, months
 * and fractions have no fixed length and are refused.
 * @returns undefined where the text is no such duration, or where it is zero.
 */
export function durationSeconds(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return total > 0 ? total : undefined;
}

/** The duration of so many seconds, as `PT1H30M`. */
export function formatDuration(totalSeconds: number): string {
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds % 3600) / 60);
  const seconds = totalSeconds % 60;
  const time = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
  return `PT${time === '' ? '0S' : time}`;
}

/** A duration in a request or a document; use `durationSeconds` on what it accepted. */
export const Duration = z
  .string()
  .max(32)
  .refine((text) => durationSeconds(text) !== undefined, {
    message: 'must be an ISO 8601 duration of days, hours, minutes or seconds, such as PT20M',
  })
  .meta({ format: 'duration', examples: ['PT20M'] });

/** RFC 3339, UTC, with milliseconds. */
export function timestamp(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString();
}
