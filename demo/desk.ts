import { ApiClient } from './api-client.ts';
import type { World } from './world.ts';

/** A visit of somebody to a desk, once staff there have attested who they are. */
export interface Visit {
  readonly session: string;
  /** In the person's session, with the member of staff acting for them. */
  readonly client: ApiClient;
  /** Binds one new authenticator. */
  readonly enrolmentCode: string;
}

/** What staff attest of somebody who shows a passport. */
export const passportSeen = {
  document: { type: 'passport', issuing_country: 'PT', verified_by: 'chip' },
  face_matched: true,
} as const;

/** The clerk attests that this person stands before them. */
export async function visit(world: World, person: string): Promise<Visit> {
  const clerk = await world.as('desk-clerk', { channel: 'desktop' });
  const { status, body } = await clerk.post(`/v1/principals/${person}/proofings`, passportSeen);
  if (status !== 201) throw new Error(`The clerk may not attest: ${body.detail}`);
  return {
    session: body.session.id,
    client: new ApiClient(world.sallyport.apiUrl, body.access_token),
    enrolmentCode: body.enrolment_right.code,
  };
}
