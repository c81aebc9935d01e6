/*
 * exim_abi.h - what the module uses of Exim: the facts of its interface, in our words. No header of Exim is
 * needed to build the module.
 *
 * Everything that Exim exports is a weak symbol, NULL if the running Exim does not export it, so that one
 * binary of the ${dlfunc} function loads into every Exim. Layouts and numbers are those of 4.94 to 4.99;
 * tests/stages/check-exim.sh compares them with the header of the Exim at hand.
 */
#ifndef GATEPOST_EXIM_ABI_H
#define GATEPOST_EXIM_ABI_H

#define WEAK __attribute__((weak))

typedef unsigned char uschar;

/* What a ${dlfunc} function returns when *YIELD is its value. Every other return costs mail, because Exim
 * answers 451. */
#define EXIM_DLFUNC_OK 0

/* log_write(0, EXIM_LOG_MAIN, format, ...) writes to the main log (with -bh to standard error). */
#define EXIM_LOG_MAIN 1

/* What local_scan() returns. The reply code is fixed: 550 with a rejection, 451 with a temporary one. */
#define EXIM_SCAN_ACCEPT     0
#define EXIM_SCAN_REJECT     3
#define EXIM_SCAN_TEMPREJECT 5

/* A header field with its folds and the line feed at its end. */
struct exim_header {
    struct exim_header *next;
    int type; /* a letter for a field that Exim knows; EXIM_HEADER_DELETED for one that no longer counts */
    int size;
    uschar *text;
};
#define EXIM_HEADER_DELETED '*'

struct exim_recipient {
    uschar *address;
    int parent;
    uschar *errors_to;
    uschar *original;
    int notify;
};

extern void log_write(unsigned int selector, int flags, const char *format, ...) WEAK;

/* Up to 4.98 the first is there, since 4.99 only the second. Both return NULL on failure. */
extern uschar *expand_string(uschar *text) WEAK;
extern const uschar *expand_string_2(const uschar *text, unsigned *resetok) WEAK;

extern unsigned host_checking WEAK;          /* not 0: exim -bh */
extern struct exim_header *header_list WEAK; /* the header of the message being received */
extern int recipients_count WEAK;            /* recipients accepted so far */
extern struct exim_recipient *recipients_list WEAK;
extern const uschar *sender_address WEAK;            /* "" is the null sender */
extern const uschar *sender_host_address WEAK;       /* NULL: not over the network */
extern const uschar *sender_host_name WEAK;          /* NULL: not looked up, or not verified */
extern const uschar *sender_host_authenticated WEAK; /* NULL: no AUTH */
extern int sender_host_port WEAK;
extern const uschar *interface_address WEAK;
extern int interface_port WEAK;
extern const uschar *received_protocol WEAK; /* "smtp" after HELO; "esmtp", "esmtps", … after EHLO */

#endif
