const OFFSET_DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since the epoch for an ISO-8601 date and time with its offset, or undefined where it is none. */
export function epochMillisecondsOf(text: string): number | undefined {
  const parts = OFFSET_DATE_TIME.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour] = parts.slice(1, 5).map(Number) as [number, number, number, number];
  // Date.parse takes the 31st of any month, and midnight as 24:00.
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (day > daysInMonth || hour > 23) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
