export async function handler(): Promise<never> {
  throw new Error('ExpireApproval is not written');
}
