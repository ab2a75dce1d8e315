export async function handler(): Promise<never> {
  throw new Error('RecordFailure is not written');
}
