/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  ImagesBody,
  LicensesBody,
  ListProductsParams,
  ListSellerProductsParams,
  Problem,
  Product,
  ProductBody,
  ProductPage
} from '.././model';

import { http } from '../../http';

/**
 * It begins as a draft that only its seller sees. Selling needs the role creator (403 `creator_required`)
and a plan that allows it (403 `plan_required`, `complete_payment`).
 * @summary Make a product.
 */
export type createProductResponse201 = {
  data: Product
  status: 201
}

export type createProductResponse400 = {
  data: Problem
  status: 400
}

export type createProductResponse401 = {
  data: Problem
  status: 401
}

export type createProductResponse403 = {
  data: Problem
  status: 403
}

export type createProductResponse404 = {
  data: Problem
  status: 404
}

export type createProductResponse409 = {
  data: Problem
  status: 409
}

export type createProductResponse413 = {
  data: Problem
  status: 413
}

export type createProductResponse415 = {
  data: Problem
  status: 415
}

export type createProductResponse422 = {
  data: Problem
  status: 422
}

export type createProductResponse429 = {
  data: Problem
  status: 429
}

export type createProductResponse500 = {
  data: Problem
  status: 500
}

export type createProductResponse502 = {
  data: Problem
  status: 502
}

export type createProductResponse503 = {
  data: Problem
  status: 503
}
    
export type createProductResponseSuccess = (createProductResponse201) & {
  headers: Headers;
};
export type createProductResponseError = (createProductResponse400 | createProductResponse401 | createProductResponse403 | createProductResponse404 | createProductResponse409 | createProductResponse413 | createProductResponse415 | createProductResponse422 | createProductResponse429 | createProductResponse500 | createProductResponse502 | createProductResponse503) & {
  headers: Headers;
};

export type createProductResponse = (createProductResponseSuccess | createProductResponseError)

export const getCreateProductUrl = () => {


  

  return `/api/v1/marketplace/products`
}

export const createProduct = async (productBody: ProductBody, options?: RequestInit): Promise<createProductResponse> => {
  
  return http<createProductResponse>(getCreateProductUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      productBody,)
  }
);}


/**
 * @summary Browse what is for sale, newest first.
 */
export type listProductsResponse200 = {
  data: ProductPage
  status: 200
}

export type listProductsResponse400 = {
  data: Problem
  status: 400
}

export type listProductsResponse401 = {
  data: Problem
  status: 401
}

export type listProductsResponse403 = {
  data: Problem
  status: 403
}

export type listProductsResponse404 = {
  data: Problem
  status: 404
}

export type listProductsResponse409 = {
  data: Problem
  status: 409
}

export type listProductsResponse413 = {
  data: Problem
  status: 413
}

export type listProductsResponse415 = {
  data: Problem
  status: 415
}

export type listProductsResponse422 = {
  data: Problem
  status: 422
}

export type listProductsResponse429 = {
  data: Problem
  status: 429
}

export type listProductsResponse500 = {
  data: Problem
  status: 500
}

export type listProductsResponse502 = {
  data: Problem
  status: 502
}

export type listProductsResponse503 = {
  data: Problem
  status: 503
}
    
export type listProductsResponseSuccess = (listProductsResponse200) & {
  headers: Headers;
};
export type listProductsResponseError = (listProductsResponse400 | listProductsResponse401 | listProductsResponse403 | listProductsResponse404 | listProductsResponse409 | listProductsResponse413 | listProductsResponse415 | listProductsResponse422 | listProductsResponse429 | listProductsResponse500 | listProductsResponse502 | listProductsResponse503) & {
  headers: Headers;
};

export type listProductsResponse = (listProductsResponseSuccess | listProductsResponseError)

export const getListProductsUrl = (params?: ListProductsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/marketplace/products?${stringifiedParams}` : `/api/v1/marketplace/products`
}

export const listProducts = async (params?: ListProductsParams, options?: RequestInit): Promise<listProductsResponse> => {
  
  return http<listProductsResponse>(getListProductsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List what I have made, in any status, newest first.
 */
export type listSellerProductsResponse200 = {
  data: ProductPage
  status: 200
}

export type listSellerProductsResponse400 = {
  data: Problem
  status: 400
}

export type listSellerProductsResponse401 = {
  data: Problem
  status: 401
}

export type listSellerProductsResponse403 = {
  data: Problem
  status: 403
}

export type listSellerProductsResponse404 = {
  data: Problem
  status: 404
}

export type listSellerProductsResponse409 = {
  data: Problem
  status: 409
}

export type listSellerProductsResponse413 = {
  data: Problem
  status: 413
}

export type listSellerProductsResponse415 = {
  data: Problem
  status: 415
}

export type listSellerProductsResponse422 = {
  data: Problem
  status: 422
}

export type listSellerProductsResponse429 = {
  data: Problem
  status: 429
}

export type listSellerProductsResponse500 = {
  data: Problem
  status: 500
}

export type listSellerProductsResponse502 = {
  data: Problem
  status: 502
}

export type listSellerProductsResponse503 = {
  data: Problem
  status: 503
}
    
export type listSellerProductsResponseSuccess = (listSellerProductsResponse200) & {
  headers: Headers;
};
export type listSellerProductsResponseError = (listSellerProductsResponse400 | listSellerProductsResponse401 | listSellerProductsResponse403 | listSellerProductsResponse404 | listSellerProductsResponse409 | listSellerProductsResponse413 | listSellerProductsResponse415 | listSellerProductsResponse422 | listSellerProductsResponse429 | listSellerProductsResponse500 | listSellerProductsResponse502 | listSellerProductsResponse503) & {
  headers: Headers;
};

export type listSellerProductsResponse = (listSellerProductsResponseSuccess | listSellerProductsResponseError)

export const getListSellerProductsUrl = (params?: ListSellerProductsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/seller/products?${stringifiedParams}` : `/api/v1/seller/products`
}

export const listSellerProducts = async (params?: ListSellerProductsParams, options?: RequestInit): Promise<listSellerProductsResponse> => {
  
  return http<listSellerProductsResponse>(getListSellerProductsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * What is published everybody sees; a draft or an archived product only its seller and admins (404 for others).
 * @summary Show a product.
 */
export type getProductResponse200 = {
  data: Product
  status: 200
}

export type getProductResponse400 = {
  data: Problem
  status: 400
}

export type getProductResponse401 = {
  data: Problem
  status: 401
}

export type getProductResponse403 = {
  data: Problem
  status: 403
}

export type getProductResponse404 = {
  data: Problem
  status: 404
}

export type getProductResponse409 = {
  data: Problem
  status: 409
}

export type getProductResponse413 = {
  data: Problem
  status: 413
}

export type getProductResponse415 = {
  data: Problem
  status: 415
}

export type getProductResponse422 = {
  data: Problem
  status: 422
}

export type getProductResponse429 = {
  data: Problem
  status: 429
}

export type getProductResponse500 = {
  data: Problem
  status: 500
}

export type getProductResponse502 = {
  data: Problem
  status: 502
}

export type getProductResponse503 = {
  data: Problem
  status: 503
}
    
export type getProductResponseSuccess = (getProductResponse200) & {
  headers: Headers;
};
export type getProductResponseError = (getProductResponse400 | getProductResponse401 | getProductResponse403 | getProductResponse404 | getProductResponse409 | getProductResponse413 | getProductResponse415 | getProductResponse422 | getProductResponse429 | getProductResponse500 | getProductResponse502 | getProductResponse503) & {
  headers: Headers;
};

export type getProductResponse = (getProductResponseSuccess | getProductResponseError)

export const getGetProductUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}`
}

export const getProduct = async (id: string, options?: RequestInit): Promise<getProductResponse> => {
  
  return http<getProductResponse>(getGetProductUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * `description`, `images` and `licenses` stay when left out; images and licences that are given replace the whole set.
Orders that were made keep the price they were made at.
 * @summary Say all of a product anew.
 */
export type updateProductResponse200 = {
  data: Product
  status: 200
}

export type updateProductResponse400 = {
  data: Problem
  status: 400
}

export type updateProductResponse401 = {
  data: Problem
  status: 401
}

export type updateProductResponse403 = {
  data: Problem
  status: 403
}

export type updateProductResponse404 = {
  data: Problem
  status: 404
}

export type updateProductResponse409 = {
  data: Problem
  status: 409
}

export type updateProductResponse413 = {
  data: Problem
  status: 413
}

export type updateProductResponse415 = {
  data: Problem
  status: 415
}

export type updateProductResponse422 = {
  data: Problem
  status: 422
}

export type updateProductResponse429 = {
  data: Problem
  status: 429
}

export type updateProductResponse500 = {
  data: Problem
  status: 500
}

export type updateProductResponse502 = {
  data: Problem
  status: 502
}

export type updateProductResponse503 = {
  data: Problem
  status: 503
}
    
export type updateProductResponseSuccess = (updateProductResponse200) & {
  headers: Headers;
};
export type updateProductResponseError = (updateProductResponse400 | updateProductResponse401 | updateProductResponse403 | updateProductResponse404 | updateProductResponse409 | updateProductResponse413 | updateProductResponse415 | updateProductResponse422 | updateProductResponse429 | updateProductResponse500 | updateProductResponse502 | updateProductResponse503) & {
  headers: Headers;
};

export type updateProductResponse = (updateProductResponseSuccess | updateProductResponseError)

export const getUpdateProductUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}`
}

export const updateProduct = async (id: string,
    productBody: ProductBody, options?: RequestInit): Promise<updateProductResponse> => {
  
  return http<updateProductResponse>(getUpdateProductUrl(id),
  {      
    ...options,
    method: 'PUT',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      productBody,)
  }
);}


/**
 * Who bought it keeps it. Asked twice, it is done once.
 * @summary Take a product off sale for good.
 */
export type archiveProductResponse204 = {
  data: void
  status: 204
}

export type archiveProductResponse400 = {
  data: Problem
  status: 400
}

export type archiveProductResponse401 = {
  data: Problem
  status: 401
}

export type archiveProductResponse403 = {
  data: Problem
  status: 403
}

export type archiveProductResponse404 = {
  data: Problem
  status: 404
}

export type archiveProductResponse409 = {
  data: Problem
  status: 409
}

export type archiveProductResponse413 = {
  data: Problem
  status: 413
}

export type archiveProductResponse415 = {
  data: Problem
  status: 415
}

export type archiveProductResponse422 = {
  data: Problem
  status: 422
}

export type archiveProductResponse429 = {
  data: Problem
  status: 429
}

export type archiveProductResponse500 = {
  data: Problem
  status: 500
}

export type archiveProductResponse502 = {
  data: Problem
  status: 502
}

export type archiveProductResponse503 = {
  data: Problem
  status: 503
}
    
export type archiveProductResponseSuccess = (archiveProductResponse204) & {
  headers: Headers;
};
export type archiveProductResponseError = (archiveProductResponse400 | archiveProductResponse401 | archiveProductResponse403 | archiveProductResponse404 | archiveProductResponse409 | archiveProductResponse413 | archiveProductResponse415 | archiveProductResponse422 | archiveProductResponse429 | archiveProductResponse500 | archiveProductResponse502 | archiveProductResponse503) & {
  headers: Headers;
};

export type archiveProductResponse = (archiveProductResponseSuccess | archiveProductResponseError)

export const getArchiveProductUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}`
}

export const archiveProduct = async (id: string, options?: RequestInit): Promise<archiveProductResponse> => {
  
  return http<archiveProductResponse>(getArchiveProductUrl(id),
  {      
    ...options,
    method: 'DELETE'
    
    
  }
);}


/**
 * Asked twice, it is done once; an archived product stays archived (409 `product_archived`).
 * @summary Put a product up for sale.
 */
export type publishProductResponse200 = {
  data: Product
  status: 200
}

export type publishProductResponse400 = {
  data: Problem
  status: 400
}

export type publishProductResponse401 = {
  data: Problem
  status: 401
}

export type publishProductResponse403 = {
  data: Problem
  status: 403
}

export type publishProductResponse404 = {
  data: Problem
  status: 404
}

export type publishProductResponse409 = {
  data: Problem
  status: 409
}

export type publishProductResponse413 = {
  data: Problem
  status: 413
}

export type publishProductResponse415 = {
  data: Problem
  status: 415
}

export type publishProductResponse422 = {
  data: Problem
  status: 422
}

export type publishProductResponse429 = {
  data: Problem
  status: 429
}

export type publishProductResponse500 = {
  data: Problem
  status: 500
}

export type publishProductResponse502 = {
  data: Problem
  status: 502
}

export type publishProductResponse503 = {
  data: Problem
  status: 503
}
    
export type publishProductResponseSuccess = (publishProductResponse200) & {
  headers: Headers;
};
export type publishProductResponseError = (publishProductResponse400 | publishProductResponse401 | publishProductResponse403 | publishProductResponse404 | publishProductResponse409 | publishProductResponse413 | publishProductResponse415 | publishProductResponse422 | publishProductResponse429 | publishProductResponse500 | publishProductResponse502 | publishProductResponse503) & {
  headers: Headers;
};

export type publishProductResponse = (publishProductResponseSuccess | publishProductResponseError)

export const getPublishProductUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}/publish`
}

export const publishProduct = async (id: string, options?: RequestInit): Promise<publishProductResponse> => {
  
  return http<publishProductResponse>(getPublishProductUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary Replace all images of a product, or none of them.
 */
export type replaceProductImagesResponse200 = {
  data: Product
  status: 200
}

export type replaceProductImagesResponse400 = {
  data: Problem
  status: 400
}

export type replaceProductImagesResponse401 = {
  data: Problem
  status: 401
}

export type replaceProductImagesResponse403 = {
  data: Problem
  status: 403
}

export type replaceProductImagesResponse404 = {
  data: Problem
  status: 404
}

export type replaceProductImagesResponse409 = {
  data: Problem
  status: 409
}

export type replaceProductImagesResponse413 = {
  data: Problem
  status: 413
}

export type replaceProductImagesResponse415 = {
  data: Problem
  status: 415
}

export type replaceProductImagesResponse422 = {
  data: Problem
  status: 422
}

export type replaceProductImagesResponse429 = {
  data: Problem
  status: 429
}

export type replaceProductImagesResponse500 = {
  data: Problem
  status: 500
}

export type replaceProductImagesResponse502 = {
  data: Problem
  status: 502
}

export type replaceProductImagesResponse503 = {
  data: Problem
  status: 503
}
    
export type replaceProductImagesResponseSuccess = (replaceProductImagesResponse200) & {
  headers: Headers;
};
export type replaceProductImagesResponseError = (replaceProductImagesResponse400 | replaceProductImagesResponse401 | replaceProductImagesResponse403 | replaceProductImagesResponse404 | replaceProductImagesResponse409 | replaceProductImagesResponse413 | replaceProductImagesResponse415 | replaceProductImagesResponse422 | replaceProductImagesResponse429 | replaceProductImagesResponse500 | replaceProductImagesResponse502 | replaceProductImagesResponse503) & {
  headers: Headers;
};

export type replaceProductImagesResponse = (replaceProductImagesResponseSuccess | replaceProductImagesResponseError)

export const getReplaceProductImagesUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}/images`
}

export const replaceProductImages = async (id: string,
    imagesBody: ImagesBody, options?: RequestInit): Promise<replaceProductImagesResponse> => {
  
  return http<replaceProductImagesResponse>(getReplaceProductImagesUrl(id),
  {      
    ...options,
    method: 'PUT',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      imagesBody,)
  }
);}


/**
 * A licence whose kind stays keeps its id. Licences that were sold stay as they were sold.
 * @summary Replace all licences of a product, or none of them.
 */
export type replaceProductLicensesResponse200 = {
  data: Product
  status: 200
}

export type replaceProductLicensesResponse400 = {
  data: Problem
  status: 400
}

export type replaceProductLicensesResponse401 = {
  data: Problem
  status: 401
}

export type replaceProductLicensesResponse403 = {
  data: Problem
  status: 403
}

export type replaceProductLicensesResponse404 = {
  data: Problem
  status: 404
}

export type replaceProductLicensesResponse409 = {
  data: Problem
  status: 409
}

export type replaceProductLicensesResponse413 = {
  data: Problem
  status: 413
}

export type replaceProductLicensesResponse415 = {
  data: Problem
  status: 415
}

export type replaceProductLicensesResponse422 = {
  data: Problem
  status: 422
}

export type replaceProductLicensesResponse429 = {
  data: Problem
  status: 429
}

export type replaceProductLicensesResponse500 = {
  data: Problem
  status: 500
}

export type replaceProductLicensesResponse502 = {
  data: Problem
  status: 502
}

export type replaceProductLicensesResponse503 = {
  data: Problem
  status: 503
}
    
export type replaceProductLicensesResponseSuccess = (replaceProductLicensesResponse200) & {
  headers: Headers;
};
export type replaceProductLicensesResponseError = (replaceProductLicensesResponse400 | replaceProductLicensesResponse401 | replaceProductLicensesResponse403 | replaceProductLicensesResponse404 | replaceProductLicensesResponse409 | replaceProductLicensesResponse413 | replaceProductLicensesResponse415 | replaceProductLicensesResponse422 | replaceProductLicensesResponse429 | replaceProductLicensesResponse500 | replaceProductLicensesResponse502 | replaceProductLicensesResponse503) & {
  headers: Headers;
};

export type replaceProductLicensesResponse = (replaceProductLicensesResponseSuccess | replaceProductLicensesResponseError)

export const getReplaceProductLicensesUrl = (id: string,) => {


  

  return `/api/v1/marketplace/products/${id}/licenses`
}

export const replaceProductLicenses = async (id: string,
    licensesBody: LicensesBody, options?: RequestInit): Promise<replaceProductLicensesResponse> => {
  
  return http<replaceProductLicensesResponse>(getReplaceProductLicensesUrl(id),
  {      
    ...options,
    method: 'PUT',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      licensesBody,)
  }
);}


