/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Why an operator does something.
 */
export type NoteBody = {
  /**
   * What was found; the audit log keeps it.
   * @maxLength 500
   */
  note?: string;
};
