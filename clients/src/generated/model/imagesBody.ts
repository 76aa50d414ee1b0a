/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * All images of a product.
 */
export type ImagesBody = {
  /** `http` or `https` addresses of pictures, in order, at most 20. */
  images: string[];
};
