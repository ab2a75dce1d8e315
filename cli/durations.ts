import { usageError } from './command-failure.ts';

const SHORT = /^(?=.)(?:(\d{1,3})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?$/;

/**
 * Seconds in a duration as people type it: `90s`, `20m`, `1h30m`, `2d`.
 * @throws CommandFailure (usage) for anything else
 */
export function secondsIn(text: string): number {
  const match = SHORT.exec(text);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match ?? [])
    .slice(1)
    .map((part) => Number(part ?? 0));
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  if (total === 0) throw usageError(`“${text}” is no duration. Write it as 90s, 20m, 1h30m or 2d.`);
  return total;
}

/** The same as the API takes it (ISO 8601), which may be typed, too: the API judges it. */
export function isoDuration(text: string): string {
  return text.startsWith('P') ? text : `PT${secondsIn(text)}S`;
}

/** So many milliseconds, as somebody reads them who is in a hurry: `0.84 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function spokenDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
