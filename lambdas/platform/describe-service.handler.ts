export async function handler(): Promise<never> {
  throw new Error('DescribeService is not written');
}
