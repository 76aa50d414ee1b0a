/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  AddressRequest,
  LoginRequest,
  Message,
  Problem,
  RefreshRequest,
  RegisterAnswer,
  RegisterRequest,
  TokensAnswer,
  User,
  VerifyAnswer,
  VerifyEmailHeaders,
  VerifyEmailParams
} from '.././model';

import { http } from '../../http';

/**
 * No tokens yet: the address is proven first, by the link in a mail that works for 24 hours.
 * @summary Register.
 */
export type registerResponse201 = {
  data: RegisterAnswer
  status: 201
}

export type registerResponse400 = {
  data: Problem
  status: 400
}

export type registerResponse401 = {
  data: Problem
  status: 401
}

export type registerResponse403 = {
  data: Problem
  status: 403
}

export type registerResponse404 = {
  data: Problem
  status: 404
}

export type registerResponse409 = {
  data: Problem
  status: 409
}

export type registerResponse413 = {
  data: Problem
  status: 413
}

export type registerResponse415 = {
  data: Problem
  status: 415
}

export type registerResponse422 = {
  data: Problem
  status: 422
}

export type registerResponse429 = {
  data: Problem
  status: 429
}

export type registerResponse500 = {
  data: Problem
  status: 500
}

export type registerResponse502 = {
  data: Problem
  status: 502
}

export type registerResponse503 = {
  data: Problem
  status: 503
}
    
export type registerResponseSuccess = (registerResponse201) & {
  headers: Headers;
};
export type registerResponseError = (registerResponse400 | registerResponse401 | registerResponse403 | registerResponse404 | registerResponse409 | registerResponse413 | registerResponse415 | registerResponse422 | registerResponse429 | registerResponse500 | registerResponse502 | registerResponse503) & {
  headers: Headers;
};

export type registerResponse = (registerResponseSuccess | registerResponseError)

export const getRegisterUrl = () => {


  

  return `/api/v1/auth/register`
}

export const register = async (registerRequest: RegisterRequest, options?: RequestInit): Promise<registerResponse> => {
  
  return http<registerResponse>(getRegisterUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      registerRequest,)
  }
);}


/**
 * With the token of the mail, once, in the header `X-Verify-Token`. `?token=` works too and is deprecated: addresses end up
in access logs.
 * @summary Prove an address.
 */
export type verifyEmailResponse200 = {
  data: VerifyAnswer
  status: 200
}

export type verifyEmailResponse400 = {
  data: Problem
  status: 400
}

export type verifyEmailResponse401 = {
  data: Problem
  status: 401
}

export type verifyEmailResponse403 = {
  data: Problem
  status: 403
}

export type verifyEmailResponse404 = {
  data: Problem
  status: 404
}

export type verifyEmailResponse409 = {
  data: Problem
  status: 409
}

export type verifyEmailResponse413 = {
  data: Problem
  status: 413
}

export type verifyEmailResponse415 = {
  data: Problem
  status: 415
}

export type verifyEmailResponse422 = {
  data: Problem
  status: 422
}

export type verifyEmailResponse429 = {
  data: Problem
  status: 429
}

export type verifyEmailResponse500 = {
  data: Problem
  status: 500
}

export type verifyEmailResponse502 = {
  data: Problem
  status: 502
}

export type verifyEmailResponse503 = {
  data: Problem
  status: 503
}
    
export type verifyEmailResponseSuccess = (verifyEmailResponse200) & {
  headers: Headers;
};
export type verifyEmailResponseError = (verifyEmailResponse400 | verifyEmailResponse401 | verifyEmailResponse403 | verifyEmailResponse404 | verifyEmailResponse409 | verifyEmailResponse413 | verifyEmailResponse415 | verifyEmailResponse422 | verifyEmailResponse429 | verifyEmailResponse500 | verifyEmailResponse502 | verifyEmailResponse503) & {
  headers: Headers;
};

export type verifyEmailResponse = (verifyEmailResponseSuccess | verifyEmailResponseError)

export const getVerifyEmailUrl = (params?: VerifyEmailParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/auth/verify-email?${stringifiedParams}` : `/api/v1/auth/verify-email`
}

export const verifyEmail = async (params?: VerifyEmailParams,
    headers?: VerifyEmailHeaders, options?: RequestInit): Promise<verifyEmailResponse> => {
  
  return http<verifyEmailResponse>(getVerifyEmailUrl(params),
  {      
    ...options,
    method: 'POST',
    headers: { ...headers, ...options?.headers }
    
  }
);}


/**
 * @summary Ask for the mail with the link again.
 */
export type resendVerificationResponse202 = {
  data: Message
  status: 202
}

export type resendVerificationResponse400 = {
  data: Problem
  status: 400
}

export type resendVerificationResponse401 = {
  data: Problem
  status: 401
}

export type resendVerificationResponse403 = {
  data: Problem
  status: 403
}

export type resendVerificationResponse404 = {
  data: Problem
  status: 404
}

export type resendVerificationResponse409 = {
  data: Problem
  status: 409
}

export type resendVerificationResponse413 = {
  data: Problem
  status: 413
}

export type resendVerificationResponse415 = {
  data: Problem
  status: 415
}

export type resendVerificationResponse422 = {
  data: Problem
  status: 422
}

export type resendVerificationResponse429 = {
  data: Problem
  status: 429
}

export type resendVerificationResponse500 = {
  data: Problem
  status: 500
}

export type resendVerificationResponse502 = {
  data: Problem
  status: 502
}

export type resendVerificationResponse503 = {
  data: Problem
  status: 503
}
    
export type resendVerificationResponseSuccess = (resendVerificationResponse202) & {
  headers: Headers;
};
export type resendVerificationResponseError = (resendVerificationResponse400 | resendVerificationResponse401 | resendVerificationResponse403 | resendVerificationResponse404 | resendVerificationResponse409 | resendVerificationResponse413 | resendVerificationResponse415 | resendVerificationResponse422 | resendVerificationResponse429 | resendVerificationResponse500 | resendVerificationResponse502 | resendVerificationResponse503) & {
  headers: Headers;
};

export type resendVerificationResponse = (resendVerificationResponseSuccess | resendVerificationResponseError)

export const getResendVerificationUrl = () => {


  

  return `/api/v1/auth/resend-verification`
}

export const resendVerification = async (addressRequest: AddressRequest, options?: RequestInit): Promise<resendVerificationResponse> => {
  
  return http<resendVerificationResponse>(getResendVerificationUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      addressRequest,)
  }
);}


/**
 * 403 `email_not_verified` until the address is proven. After five failures in a row the account is locked for a while that
doubles with each further one: 429 `account_locked` with `Retry-After`.
 * @summary Sign in.
 */
export type loginResponse200 = {
  data: TokensAnswer
  status: 200
}

export type loginResponse400 = {
  data: Problem
  status: 400
}

export type loginResponse401 = {
  data: Problem
  status: 401
}

export type loginResponse403 = {
  data: Problem
  status: 403
}

export type loginResponse404 = {
  data: Problem
  status: 404
}

export type loginResponse409 = {
  data: Problem
  status: 409
}

export type loginResponse413 = {
  data: Problem
  status: 413
}

export type loginResponse415 = {
  data: Problem
  status: 415
}

export type loginResponse422 = {
  data: Problem
  status: 422
}

export type loginResponse429 = {
  data: Problem
  status: 429
}

export type loginResponse500 = {
  data: Problem
  status: 500
}

export type loginResponse502 = {
  data: Problem
  status: 502
}

export type loginResponse503 = {
  data: Problem
  status: 503
}
    
export type loginResponseSuccess = (loginResponse200) & {
  headers: Headers;
};
export type loginResponseError = (loginResponse400 | loginResponse401 | loginResponse403 | loginResponse404 | loginResponse409 | loginResponse413 | loginResponse415 | loginResponse422 | loginResponse429 | loginResponse500 | loginResponse502 | loginResponse503) & {
  headers: Headers;
};

export type loginResponse = (loginResponseSuccess | loginResponseError)

export const getLoginUrl = () => {


  

  return `/api/v1/auth/login`
}

export const login = async (loginRequest: LoginRequest, options?: RequestInit): Promise<loginResponse> => {
  
  return http<loginResponse>(getLoginUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      loginRequest,)
  }
);}


/**
 * Each works once; one that comes a second time ends its login, as somebody has a copy.
 * @summary Exchange a refresh token.
 */
export type refreshTokensResponse200 = {
  data: TokensAnswer
  status: 200
}

export type refreshTokensResponse400 = {
  data: Problem
  status: 400
}

export type refreshTokensResponse401 = {
  data: Problem
  status: 401
}

export type refreshTokensResponse403 = {
  data: Problem
  status: 403
}

export type refreshTokensResponse404 = {
  data: Problem
  status: 404
}

export type refreshTokensResponse409 = {
  data: Problem
  status: 409
}

export type refreshTokensResponse413 = {
  data: Problem
  status: 413
}

export type refreshTokensResponse415 = {
  data: Problem
  status: 415
}

export type refreshTokensResponse422 = {
  data: Problem
  status: 422
}

export type refreshTokensResponse429 = {
  data: Problem
  status: 429
}

export type refreshTokensResponse500 = {
  data: Problem
  status: 500
}

export type refreshTokensResponse502 = {
  data: Problem
  status: 502
}

export type refreshTokensResponse503 = {
  data: Problem
  status: 503
}
    
export type refreshTokensResponseSuccess = (refreshTokensResponse200) & {
  headers: Headers;
};
export type refreshTokensResponseError = (refreshTokensResponse400 | refreshTokensResponse401 | refreshTokensResponse403 | refreshTokensResponse404 | refreshTokensResponse409 | refreshTokensResponse413 | refreshTokensResponse415 | refreshTokensResponse422 | refreshTokensResponse429 | refreshTokensResponse500 | refreshTokensResponse502 | refreshTokensResponse503) & {
  headers: Headers;
};

export type refreshTokensResponse = (refreshTokensResponseSuccess | refreshTokensResponseError)

export const getRefreshTokensUrl = () => {


  

  return `/api/v1/auth/refresh`
}

export const refreshTokens = async (refreshRequest: RefreshRequest, options?: RequestInit): Promise<refreshTokensResponse> => {
  
  return http<refreshTokensResponse>(getRefreshTokensUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      refreshRequest,)
  }
);}


/**
 * @summary Sign out.
 */
export type logoutResponse204 = {
  data: void
  status: 204
}

export type logoutResponse400 = {
  data: Problem
  status: 400
}

export type logoutResponse401 = {
  data: Problem
  status: 401
}

export type logoutResponse403 = {
  data: Problem
  status: 403
}

export type logoutResponse404 = {
  data: Problem
  status: 404
}

export type logoutResponse409 = {
  data: Problem
  status: 409
}

export type logoutResponse413 = {
  data: Problem
  status: 413
}

export type logoutResponse415 = {
  data: Problem
  status: 415
}

export type logoutResponse422 = {
  data: Problem
  status: 422
}

export type logoutResponse429 = {
  data: Problem
  status: 429
}

export type logoutResponse500 = {
  data: Problem
  status: 500
}

export type logoutResponse502 = {
  data: Problem
  status: 502
}

export type logoutResponse503 = {
  data: Problem
  status: 503
}
    
export type logoutResponseSuccess = (logoutResponse204) & {
  headers: Headers;
};
export type logoutResponseError = (logoutResponse400 | logoutResponse401 | logoutResponse403 | logoutResponse404 | logoutResponse409 | logoutResponse413 | logoutResponse415 | logoutResponse422 | logoutResponse429 | logoutResponse500 | logoutResponse502 | logoutResponse503) & {
  headers: Headers;
};

export type logoutResponse = (logoutResponseSuccess | logoutResponseError)

export const getLogoutUrl = () => {


  

  return `/api/v1/auth/logout`
}

export const logout = async ( options?: RequestInit): Promise<logoutResponse> => {
  
  return http<logoutResponse>(getLogoutUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary Who am I?
 */
export type getMeResponse200 = {
  data: User
  status: 200
}

export type getMeResponse400 = {
  data: Problem
  status: 400
}

export type getMeResponse401 = {
  data: Problem
  status: 401
}

export type getMeResponse403 = {
  data: Problem
  status: 403
}

export type getMeResponse404 = {
  data: Problem
  status: 404
}

export type getMeResponse409 = {
  data: Problem
  status: 409
}

export type getMeResponse413 = {
  data: Problem
  status: 413
}

export type getMeResponse415 = {
  data: Problem
  status: 415
}

export type getMeResponse422 = {
  data: Problem
  status: 422
}

export type getMeResponse429 = {
  data: Problem
  status: 429
}

export type getMeResponse500 = {
  data: Problem
  status: 500
}

export type getMeResponse502 = {
  data: Problem
  status: 502
}

export type getMeResponse503 = {
  data: Problem
  status: 503
}
    
export type getMeResponseSuccess = (getMeResponse200) & {
  headers: Headers;
};
export type getMeResponseError = (getMeResponse400 | getMeResponse401 | getMeResponse403 | getMeResponse404 | getMeResponse409 | getMeResponse413 | getMeResponse415 | getMeResponse422 | getMeResponse429 | getMeResponse500 | getMeResponse502 | getMeResponse503) & {
  headers: Headers;
};

export type getMeResponse = (getMeResponseSuccess | getMeResponseError)

export const getGetMeUrl = () => {


  

  return `/api/v1/me`
}

export const getMe = async ( options?: RequestInit): Promise<getMeResponse> => {
  
  return http<getMeResponse>(getGetMeUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * One who is already stays so.
 * @summary Become a creator, who may sell.
 */
export type becomeCreatorResponse200 = {
  data: User
  status: 200
}

export type becomeCreatorResponse400 = {
  data: Problem
  status: 400
}

export type becomeCreatorResponse401 = {
  data: Problem
  status: 401
}

export type becomeCreatorResponse403 = {
  data: Problem
  status: 403
}

export type becomeCreatorResponse404 = {
  data: Problem
  status: 404
}

export type becomeCreatorResponse409 = {
  data: Problem
  status: 409
}

export type becomeCreatorResponse413 = {
  data: Problem
  status: 413
}

export type becomeCreatorResponse415 = {
  data: Problem
  status: 415
}

export type becomeCreatorResponse422 = {
  data: Problem
  status: 422
}

export type becomeCreatorResponse429 = {
  data: Problem
  status: 429
}

export type becomeCreatorResponse500 = {
  data: Problem
  status: 500
}

export type becomeCreatorResponse502 = {
  data: Problem
  status: 502
}

export type becomeCreatorResponse503 = {
  data: Problem
  status: 503
}
    
export type becomeCreatorResponseSuccess = (becomeCreatorResponse200) & {
  headers: Headers;
};
export type becomeCreatorResponseError = (becomeCreatorResponse400 | becomeCreatorResponse401 | becomeCreatorResponse403 | becomeCreatorResponse404 | becomeCreatorResponse409 | becomeCreatorResponse413 | becomeCreatorResponse415 | becomeCreatorResponse422 | becomeCreatorResponse429 | becomeCreatorResponse500 | becomeCreatorResponse502 | becomeCreatorResponse503) & {
  headers: Headers;
};

export type becomeCreatorResponse = (becomeCreatorResponseSuccess | becomeCreatorResponseError)

export const getBecomeCreatorUrl = () => {


  

  return `/api/v1/me/creator`
}

export const becomeCreator = async ( options?: RequestInit): Promise<becomeCreatorResponse> => {
  
  return http<becomeCreatorResponse>(getBecomeCreatorUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


