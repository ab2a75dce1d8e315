export async function handler(): Promise<never> {
  throw new Error('RequestApproval is not written');
}
