export async function handler(): Promise<never> {
  throw new Error('ReadAudit is not written');
}
