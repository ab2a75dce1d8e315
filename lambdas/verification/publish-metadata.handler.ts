import { authzenMetadataRoute } from '../decision/authzen.routes.ts';
import { newKms } from '../platform/clients.aws.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { keySet, kmsPublicKey } from '../platform/signer.kms.ts';
import { PublishMetadataEnvironment } from './environment.ts';
import { authorizationServerMetadata, authzenMetadata } from './metadata.ts';
import { authorizationServerMetadataRoute, keySetRoute } from './oauth.routes.ts';

const environment = parseEnvironment(PublishMetadataEnvironment, process.env);
const kms = newKms();
const keys = [
  environment.SESSION_SIGNING_KEY_ID,
  environment.GRANT_SIGNING_KEY_ID,
  environment.SIGNAL_SIGNING_KEY_ID,
].map((id) => kmsPublicKey(kms, id));
/** What is public and seldom changes may be kept for a while by those who ask. */
const headers = { 'cache-control': 'public, max-age=300' };

export const handler = httpHandler('publish-metadata', [
  serve(authorizationServerMetadataRoute, async () => ({
    status: 200,
    body: authorizationServerMetadata(environment.ISSUER),
    headers,
  })),
  serve(keySetRoute, async () => ({ status: 200, body: await keySet(keys), headers })),
  serve(authzenMetadataRoute, async () => ({
    status: 200,
    body: authzenMetadata(environment.ISSUER),
    headers,
  })),
]);
