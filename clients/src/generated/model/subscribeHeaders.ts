/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

export type SubscribeHeaders = {
/**
 * Makes the request safe to repeat for 24 h: same key and body, same answer.
 */
'Idempotency-Key'?: string;
};
