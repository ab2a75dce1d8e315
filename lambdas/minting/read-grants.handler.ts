export async function handler(): Promise<never> {
  throw new Error('ReadGrants is not written');
}
