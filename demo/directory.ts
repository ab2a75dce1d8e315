import { type Persona, personaIds, personas } from './personas.ts';
import { type TodoUser, todoUsers } from './todo-users.ts';

export interface DirectoryGroup {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
}

export interface Directory {
  readonly principals: readonly (Persona | TodoUser)[];
  readonly groups: readonly DirectoryGroup[];
}

const groupNames = {
  engineering: 'Engineering',
  'ops-owners': 'Owners of the ticketing project OPS',
  'triage-agents': 'Agents that triage tickets',
  deployments: 'Deployment jobs',
  'security-responders': 'Security responders',
  'policy-enforcement-points': 'Systems that ask Sallyport about the tokens they are shown',
  customers: 'Customers',
  support: 'Staff who serve customers',
  'desk-staff': 'Staff who see customers in person',
  'platform-engineers': 'Engineers who administer managed secrets',
  'policy-administrators': 'Those who write and review policies',
  'directory-provisioners': 'Identity providers that keep the directory',
  'channel-gateways': 'Services that speak for those who call',
};

const principals = [...personaIds.map((id) => personas[id]), ...todoUsers];

/** What Sallyport's directory holds of the personas: membership is written once, at the persona. */
export const demoDirectory: Directory = {
  principals,
  groups: Object.entries(groupNames).map(([id, name]) => ({
    id,
    name,
    members: principals.filter(({ groups }) => groups.includes(id)).map((principal) => principal.id),
  })),
};
