/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * An entry is taken off the list.
 */
export type ResolveBody = {
  /**
   * What was found and done; the audit log keeps it.
   * @maxLength 500
   */
  note?: string;
};
