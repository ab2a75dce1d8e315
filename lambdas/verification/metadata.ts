import { ACCESS_REQUEST_PATH, evaluateAccessRoute, evaluateBatchRoute } from '../decision/authzen.routes.ts';
import { searchActionsRoute, searchResourcesRoute, searchSubjectsRoute } from '../decision/search.routes.ts';
import { PROOF_ALGORITHMS } from '../platform/proof-of-possession.port.ts';
import { startBackchannelRoute } from './backchannel.routes.ts';
import {
  CIBA,
  exchangeTokenRoute,
  introspectTokenRoute,
  keySetRoute,
  revokeTokenRoute,
  TOKEN_EXCHANGE,
} from './oauth.routes.ts';

/** RFC 8414 §2, CIBA Core 1.0 §4, RFC 9449 §5.1. */
export function authorizationServerMetadata(issuer: string) {
  return {
    issuer,
    token_endpoint: issuer + exchangeTokenRoute.path,
    jwks_uri: issuer + keySetRoute.path,
    introspection_endpoint: issuer + introspectTokenRoute.path,
    revocation_endpoint: issuer + revokeTokenRoute.path,
    backchannel_authentication_endpoint: issuer + startBackchannelRoute.path,
    backchannel_token_delivery_modes_supported: ['poll'],
    grant_types_supported: [TOKEN_EXCHANGE, CIBA],
    response_types_supported: [],
    /** The token that is exchanged authenticates; there are no client secrets. */
    token_endpoint_auth_methods_supported: ['none'],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    authorization_details_types_supported: ['sallyport-grant'],
  };
}

/** AuthZEN Authorization API 1.0 §9; the last two by the Access Request and Approval Profile. */
export function authzenMetadata(issuer: string) {
  return {
    policy_decision_point: issuer,
    access_evaluation_endpoint: issuer + evaluateAccessRoute.path,
    access_evaluations_endpoint: issuer + evaluateBatchRoute.path,
    search_subject_endpoint: issuer + searchSubjectsRoute.path,
    search_resource_endpoint: issuer + searchResourcesRoute.path,
    search_action_endpoint: issuer + searchActionsRoute.path,
    access_request_endpoint: issuer + ACCESS_REQUEST_PATH,
    capabilities: ['urn:openid:authzen:capability:access-request'],
  };
}
