/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  ListSellerPayoutsParams,
  ListSellerTransfersParams,
  OnboardingView,
  PayoutPage,
  Problem,
  SellerBalance,
  TransferPage
} from '.././model';

import { http } from '../../http';

/**
 * @summary Show my balance, per currency in which I have sold anything.
 */
export type getSellerBalanceResponse200 = {
  data: SellerBalance
  status: 200
}

export type getSellerBalanceResponse400 = {
  data: Problem
  status: 400
}

export type getSellerBalanceResponse401 = {
  data: Problem
  status: 401
}

export type getSellerBalanceResponse403 = {
  data: Problem
  status: 403
}

export type getSellerBalanceResponse404 = {
  data: Problem
  status: 404
}

export type getSellerBalanceResponse409 = {
  data: Problem
  status: 409
}

export type getSellerBalanceResponse413 = {
  data: Problem
  status: 413
}

export type getSellerBalanceResponse415 = {
  data: Problem
  status: 415
}

export type getSellerBalanceResponse422 = {
  data: Problem
  status: 422
}

export type getSellerBalanceResponse429 = {
  data: Problem
  status: 429
}

export type getSellerBalanceResponse500 = {
  data: Problem
  status: 500
}

export type getSellerBalanceResponse502 = {
  data: Problem
  status: 502
}

export type getSellerBalanceResponse503 = {
  data: Problem
  status: 503
}
    
export type getSellerBalanceResponseSuccess = (getSellerBalanceResponse200) & {
  headers: Headers;
};
export type getSellerBalanceResponseError = (getSellerBalanceResponse400 | getSellerBalanceResponse401 | getSellerBalanceResponse403 | getSellerBalanceResponse404 | getSellerBalanceResponse409 | getSellerBalanceResponse413 | getSellerBalanceResponse415 | getSellerBalanceResponse422 | getSellerBalanceResponse429 | getSellerBalanceResponse500 | getSellerBalanceResponse502 | getSellerBalanceResponse503) & {
  headers: Headers;
};

export type getSellerBalanceResponse = (getSellerBalanceResponseSuccess | getSellerBalanceResponseError)

export const getGetSellerBalanceUrl = () => {


  

  return `/api/v1/seller/balance`
}

export const getSellerBalance = async ( options?: RequestInit): Promise<getSellerBalanceResponse> => {
  
  return http<getSellerBalanceResponse>(getGetSellerBalanceUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List what was, or is to be, transferred to me, newest first.
 */
export type listSellerTransfersResponse200 = {
  data: TransferPage
  status: 200
}

export type listSellerTransfersResponse400 = {
  data: Problem
  status: 400
}

export type listSellerTransfersResponse401 = {
  data: Problem
  status: 401
}

export type listSellerTransfersResponse403 = {
  data: Problem
  status: 403
}

export type listSellerTransfersResponse404 = {
  data: Problem
  status: 404
}

export type listSellerTransfersResponse409 = {
  data: Problem
  status: 409
}

export type listSellerTransfersResponse413 = {
  data: Problem
  status: 413
}

export type listSellerTransfersResponse415 = {
  data: Problem
  status: 415
}

export type listSellerTransfersResponse422 = {
  data: Problem
  status: 422
}

export type listSellerTransfersResponse429 = {
  data: Problem
  status: 429
}

export type listSellerTransfersResponse500 = {
  data: Problem
  status: 500
}

export type listSellerTransfersResponse502 = {
  data: Problem
  status: 502
}

export type listSellerTransfersResponse503 = {
  data: Problem
  status: 503
}
    
export type listSellerTransfersResponseSuccess = (listSellerTransfersResponse200) & {
  headers: Headers;
};
export type listSellerTransfersResponseError = (listSellerTransfersResponse400 | listSellerTransfersResponse401 | listSellerTransfersResponse403 | listSellerTransfersResponse404 | listSellerTransfersResponse409 | listSellerTransfersResponse413 | listSellerTransfersResponse415 | listSellerTransfersResponse422 | listSellerTransfersResponse429 | listSellerTransfersResponse500 | listSellerTransfersResponse502 | listSellerTransfersResponse503) & {
  headers: Headers;
};

export type listSellerTransfersResponse = (listSellerTransfersResponseSuccess | listSellerTransfersResponseError)

export const getListSellerTransfersUrl = (params?: ListSellerTransfersParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/seller/transfers?${stringifiedParams}` : `/api/v1/seller/transfers`
}

export const listSellerTransfers = async (params?: ListSellerTransfersParams, options?: RequestInit): Promise<listSellerTransfersResponse> => {
  
  return http<listSellerTransfersResponse>(getListSellerTransfersUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List the payouts from my Connect account to my bank, newest first.
 */
export type listSellerPayoutsResponse200 = {
  data: PayoutPage
  status: 200
}

export type listSellerPayoutsResponse400 = {
  data: Problem
  status: 400
}

export type listSellerPayoutsResponse401 = {
  data: Problem
  status: 401
}

export type listSellerPayoutsResponse403 = {
  data: Problem
  status: 403
}

export type listSellerPayoutsResponse404 = {
  data: Problem
  status: 404
}

export type listSellerPayoutsResponse409 = {
  data: Problem
  status: 409
}

export type listSellerPayoutsResponse413 = {
  data: Problem
  status: 413
}

export type listSellerPayoutsResponse415 = {
  data: Problem
  status: 415
}

export type listSellerPayoutsResponse422 = {
  data: Problem
  status: 422
}

export type listSellerPayoutsResponse429 = {
  data: Problem
  status: 429
}

export type listSellerPayoutsResponse500 = {
  data: Problem
  status: 500
}

export type listSellerPayoutsResponse502 = {
  data: Problem
  status: 502
}

export type listSellerPayoutsResponse503 = {
  data: Problem
  status: 503
}
    
export type listSellerPayoutsResponseSuccess = (listSellerPayoutsResponse200) & {
  headers: Headers;
};
export type listSellerPayoutsResponseError = (listSellerPayoutsResponse400 | listSellerPayoutsResponse401 | listSellerPayoutsResponse403 | listSellerPayoutsResponse404 | listSellerPayoutsResponse409 | listSellerPayoutsResponse413 | listSellerPayoutsResponse415 | listSellerPayoutsResponse422 | listSellerPayoutsResponse429 | listSellerPayoutsResponse500 | listSellerPayoutsResponse502 | listSellerPayoutsResponse503) & {
  headers: Headers;
};

export type listSellerPayoutsResponse = (listSellerPayoutsResponseSuccess | listSellerPayoutsResponseError)

export const getListSellerPayoutsUrl = (params?: ListSellerPayoutsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/seller/payouts?${stringifiedParams}` : `/api/v1/seller/payouts`
}

export const listSellerPayouts = async (params?: ListSellerPayoutsParams, options?: RequestInit): Promise<listSellerPayoutsResponse> => {
  
  return http<listSellerPayoutsResponse>(getListSellerPayoutsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * Opens an account at the payout provider where there is none, asks how it stands, and gives a link to go on with. What
waited for the account is sent as soon as it can receive. Needs the role creator (403 `creator_required`).
 * @summary Start or go on with onboarding.
 */
export type startOnboardingResponse200 = {
  data: OnboardingView
  status: 200
}

export type startOnboardingResponse400 = {
  data: Problem
  status: 400
}

export type startOnboardingResponse401 = {
  data: Problem
  status: 401
}

export type startOnboardingResponse403 = {
  data: Problem
  status: 403
}

export type startOnboardingResponse404 = {
  data: Problem
  status: 404
}

export type startOnboardingResponse409 = {
  data: Problem
  status: 409
}

export type startOnboardingResponse413 = {
  data: Problem
  status: 413
}

export type startOnboardingResponse415 = {
  data: Problem
  status: 415
}

export type startOnboardingResponse422 = {
  data: Problem
  status: 422
}

export type startOnboardingResponse429 = {
  data: Problem
  status: 429
}

export type startOnboardingResponse500 = {
  data: Problem
  status: 500
}

export type startOnboardingResponse502 = {
  data: Problem
  status: 502
}

export type startOnboardingResponse503 = {
  data: Problem
  status: 503
}
    
export type startOnboardingResponseSuccess = (startOnboardingResponse200) & {
  headers: Headers;
};
export type startOnboardingResponseError = (startOnboardingResponse400 | startOnboardingResponse401 | startOnboardingResponse403 | startOnboardingResponse404 | startOnboardingResponse409 | startOnboardingResponse413 | startOnboardingResponse415 | startOnboardingResponse422 | startOnboardingResponse429 | startOnboardingResponse500 | startOnboardingResponse502 | startOnboardingResponse503) & {
  headers: Headers;
};

export type startOnboardingResponse = (startOnboardingResponseSuccess | startOnboardingResponseError)

export const getStartOnboardingUrl = () => {


  

  return `/api/v1/seller/onboarding`
}

export const startOnboarding = async ( options?: RequestInit): Promise<startOnboardingResponse> => {
  
  return http<startOnboardingResponse>(getStartOnboardingUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


