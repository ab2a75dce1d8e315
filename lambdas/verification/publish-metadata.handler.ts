export async function handler(): Promise<never> {
  throw new Error('PublishMetadata is not written');
}
