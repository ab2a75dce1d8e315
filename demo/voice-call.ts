import type { ApiAnswer, ApiClient } from './api-client.ts';

/** A call that a voice gateway takes. */
export interface VoiceCall {
  readonly authReqId: string;
  /** Asks once how the push stands. */
  poll(): Promise<ApiAnswer>;
}

/** Takes a call of somebody who says to be this person, and pushes to them what they are told on the line. */
export async function takeCall(
  gateway: ApiClient,
  loginHint: string,
  bindingMessage: string,
): Promise<VoiceCall> {
  const { status, body } = await gateway.postForm('/oauth2/backchannel-authentication', {
    login_hint: loginHint,
    binding_message: bindingMessage,
  });
  if (status !== 200) throw new Error(`The call is not taken: ${body.error_description}`);
  const authReqId: string = body.auth_req_id;
  return {
    authReqId,
    poll: () =>
      gateway.postForm('/oauth2/token', {
        grant_type: 'urn:openid:params:grant-type:ciba',
        auth_req_id: authReqId,
      }),
  };
}
