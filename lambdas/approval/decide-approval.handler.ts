export async function handler(): Promise<never> {
  throw new Error('DecideApproval is not written');
}
