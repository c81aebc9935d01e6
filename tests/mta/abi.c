/* abi.c: prints the layouts and numbers that the module relies on, from our header or, with -DTHEIRS, from
 * Exim's own. */
#include <stddef.h>
#include <stdio.h>

#ifdef THEIRS
#define LOCAL_SCAN
#include "local_scan.h"
#define HEADER        struct header_line
#define HEADER_SIZE   slen
#define RECIPIENT     struct recipient_item
#define DLFUNC_OK     OK
#define MAIN_LOG      LOG_MAIN
#define SCAN_CODES    LOCAL_SCAN_ACCEPT, LOCAL_SCAN_REJECT, LOCAL_SCAN_TEMPREJECT
#define TYPE_OF_CHECK BOOL
#else
#include "exim/exim_abi.h"
#define HEADER        struct exim_header
#define HEADER_SIZE   size
#define RECIPIENT     struct exim_recipient
#define DLFUNC_OK     EXIM_DLFUNC_OK
#define MAIN_LOG      EXIM_LOG_MAIN
#define SCAN_CODES    EXIM_SCAN_ACCEPT, EXIM_SCAN_REJECT, EXIM_SCAN_TEMPREJECT
#define TYPE_OF_CHECK unsigned
#endif

int main(void)
{
    printf("header %zu %zu %zu %zu %zu\n", sizeof(HEADER), offsetof(HEADER, next), offsetof(HEADER, type),
           offsetof(HEADER, HEADER_SIZE), offsetof(HEADER, text));
    printf("recipient %zu %zu\n", sizeof(RECIPIENT), offsetof(RECIPIENT, address));
    printf("host_checking %zu\n", sizeof(TYPE_OF_CHECK));
    printf("dlfunc ok %d, main log %d, local_scan %d %d %d\n", DLFUNC_OK, MAIN_LOG, SCAN_CODES);
    return 0;
}
