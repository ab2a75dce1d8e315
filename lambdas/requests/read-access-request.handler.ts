export async function handler(): Promise<never> {
  throw new Error('ReadAccessRequest is not written');
}
