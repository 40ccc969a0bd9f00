#ifndef HISUI_SSL_SHIM_H
#define HISUI_SSL_SHIM_H

/* Only for linking: CTLS calls the library. */
#include <openssl/ssl.h>

#endif
