/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What is wrong with one field of a request.
 */
export type FieldError = {
  /** Its path in the body, e.g. `items[0].product_id`. */
  field: string;
  /** What is wrong, as a stable word. */
  code: string;
  /** The same for a person. */
  message: string;
};
