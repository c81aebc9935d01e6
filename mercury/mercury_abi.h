/*
 * mercury_abi.h - what the daemon uses of Mercury/32: the facts of its interface, in our words. No header of
 * the vendor's is needed to build us, and none is copied here.
 *
 * Behind each fact stands where it comes from:
 *   [D]  documented by the vendor: the manual, DAEMON.TXT, the declarations and comments of the developer kit
 *   [I]  inferred: from how it is named, from what a working daemon does, or from what fits nothing else
 * mercury/README.md lists what follows from the inferred ones, and how to find out on a server.
 *
 * With -DUSE_VENDOR_DAEMON_H the types come from the kit's own daemon.h and msevent.h, which must be in the
 * include path; the same assertions hold for those. Members are called as the kit calls them.
 *
 * Mercury is a 32-bit program: pointers have 4 bytes, structures are packed, all calls are cdecl, texts are
 * C strings in the ANSI code page [D].
 */
#ifndef GATEPOST_MERCURY_ABI_H
#define GATEPOST_MERCURY_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef USE_VENDOR_DAEMON_H

#include <windows.h>

#include "daemon.h"
#include "msevent.h"

#else

typedef int16_t INT_16;
typedef long INT_32;
typedef unsigned long UINT_32;

/* Called for an event: its module and id, its structure, and what was handed over when it was registered [D].
 * 0 has no objection; what else may be returned is with the events below. */
typedef INT_32 (*EVENTPROC)(UINT_32 module, UINT_32 event, void *edata, void *cdata);

#pragma pack(push, 1)

/* The functions that Mercury lends. Good for the call only: what is kept must be copied, as much as dsize says
 * [D]. One pointer per slot; only those are named that we use. Versions only ever append [I: the 99 slots of
 * 1999 are the first of the 227 of 2008]. */
typedef struct {
    INT_32 dsize; /* bytes of this structure */
    char vmajor;  /* 4.61 is 4 and 61 */
    char vminor;
    void *hMDIParent; /* a window */
    void *(*get_variable)(int index);
    void *slots_1_to_86[86];
    /* A line into the System Messages window: kind, importance, text. */
    void (*logstring)(INT_16 ltype, INT_16 priority, char *str);
    void *slots_88_to_173[86];
    /* 0 is failure. The function goes by its address when it is taken back. */
    INT_32 (*register_event_handler)(UINT_32 module, UINT_32 event, EVENTPROC eproc, void *cdata);
    INT_32 (*deregister_event_handler)(UINT_32 module, UINT_32 event, EVENTPROC eproc);
    void *slots_176_to_226[51];
} M_INTERFACE;

/* The functions that come with an event of MercuryS; the first argument is the event's `reserved`. */
typedef struct {
    void *add_header;
    void *get_header;
    INT_32 (*get_all_headers)(void *reserved, char *buf, INT_32 len);
    void *readline;
    void *writeline;
    void *consoletext;
    void *loggingtext;
} MSEVENT_FUNCTIONS;

/* What comes with an event of MercuryS. Fields are only ever appended; another major version is another
 * structure [D]. */
typedef struct {
    INT_32 sversion; /* major in the high word, minor in the low */
    INT_32 ssize;
    void *reserved; /* never to be altered */
    MSEVENT_FUNCTIONS *functions;
    UINT_32 flags;
    INT_32 start_time; /* seconds since 1970 */
    UINT_32 trans_id;  /* one per session; 0: none yet [I: so in Mercury's own log, before the greeting] */
    INT_32 port;       /* of ours [I]; if it were the client's, it would be no submission port */
    INT_32 msize;
    char *client; /* the client's address as text */
    INT_32 rplen;
    char *return_path;
    INT_32 rcpts;
    INT_32 bad_rcpts;
    INT_32 relay_attempts;
    INT_32 discard_reason;
    INT_32 inbuflen;   /* room in inbuf [I], or the length of the text: we look no further */
    char *inbuf;       /* a command line */
    char outbuf[1024]; /* the reply, with its code; empty: Mercury says its own, or nothing */
    INT_32 bad_cmds;   /* since minor version 3 */
} MSEVENTBUF;

#pragma pack(pop)

#endif

/* The layout [D]. Mercury is a 32-bit program, so the offsets are those of pointers of 4 bytes. The sources are
 * also built for 64 bits, for tests on machines that run no 32-bit program; there each pointer before a member
 * moves it by 4 more bytes, and nothing else may. */
#define MERCURY_WIDER(pointers) ((sizeof(void *) - 4) * (pointers))
#define MERCURY_LAYOUT(type, member, offset, pointers)                                                         \
    _Static_assert(offsetof(type, member) == (offset) + MERCURY_WIDER(pointers), #type "." #member)

MERCURY_LAYOUT(M_INTERFACE, dsize, 0, 0);
MERCURY_LAYOUT(M_INTERFACE, vmajor, 4, 0);
MERCURY_LAYOUT(M_INTERFACE, vminor, 5, 0);
MERCURY_LAYOUT(M_INTERFACE, hMDIParent, 6, 0);
MERCURY_LAYOUT(M_INTERFACE, get_variable, 10, 1);
MERCURY_LAYOUT(M_INTERFACE, logstring, 358, 88);
MERCURY_LAYOUT(M_INTERFACE, register_event_handler, 706, 175);
MERCURY_LAYOUT(M_INTERFACE, deregister_event_handler, 710, 176);
_Static_assert(sizeof(M_INTERFACE) == 918 + MERCURY_WIDER(228), "227 slots");

MERCURY_LAYOUT(MSEVENTBUF, sversion, 0, 0);
MERCURY_LAYOUT(MSEVENTBUF, ssize, 4, 0);
MERCURY_LAYOUT(MSEVENTBUF, reserved, 8, 0);
MERCURY_LAYOUT(MSEVENTBUF, functions, 12, 1);
MERCURY_LAYOUT(MSEVENTBUF, flags, 16, 2);
MERCURY_LAYOUT(MSEVENTBUF, start_time, 20, 2);
MERCURY_LAYOUT(MSEVENTBUF, trans_id, 24, 2);
MERCURY_LAYOUT(MSEVENTBUF, port, 28, 2);
MERCURY_LAYOUT(MSEVENTBUF, msize, 32, 2);
MERCURY_LAYOUT(MSEVENTBUF, client, 36, 2);
MERCURY_LAYOUT(MSEVENTBUF, rplen, 40, 3);
MERCURY_LAYOUT(MSEVENTBUF, return_path, 44, 3);
MERCURY_LAYOUT(MSEVENTBUF, rcpts, 48, 4);
MERCURY_LAYOUT(MSEVENTBUF, bad_rcpts, 52, 4);
MERCURY_LAYOUT(MSEVENTBUF, relay_attempts, 56, 4);
MERCURY_LAYOUT(MSEVENTBUF, discard_reason, 60, 4);
MERCURY_LAYOUT(MSEVENTBUF, inbuflen, 64, 4);
MERCURY_LAYOUT(MSEVENTBUF, inbuf, 68, 4);
MERCURY_LAYOUT(MSEVENTBUF, outbuf, 72, 5);
MERCURY_LAYOUT(MSEVENTBUF, bad_cmds, 1096, 5);
_Static_assert(sizeof(MSEVENTBUF) == 1100 + MERCURY_WIDER(5), "MSEVENTBUF 1.3");

/* What must be there to be used: the slot of the log to say anything, the slots of event handlers to hear of
 * sessions (714 bytes); and of an event all up to the reply (1096 bytes). */
enum {
    MERCURY_SIZE_FOR_LOG = offsetof(M_INTERFACE, logstring) + sizeof(void *),
    MERCURY_SIZE_FOR_EVENTS = offsetof(M_INTERFACE, deregister_event_handler) + sizeof(void *),
    MERCURY_EVENT_SIZE = offsetof(MSEVENTBUF, bad_cmds)
};

enum { MERCURY_EVENT_MAJOR = 1 }; /* of sversion [D] */

/* Registering events [D: since 4.1; I: what another daemon that uses them asks for]. */
enum { MERCURY_MAJOR_LEAST = 4, MERCURY_MINOR_LEAST = 51 };

enum { MERCURY_MODULE_MERCURYS = 20 }; /* [D] */

/* Events of MercuryS. The ids are documented; when they come, and what may be returned, where it says so. */
enum mercury_event {
    MERCURY_CONNECT = 1,     /* [D] before Mercury's own connection control and before any I/O: -2, -3, 1.
                                inbuf is undefined */
    MERCURY_HELO = 2,        /* [D] inbuf is the whole line, before Mercury reads it: -2, -3, 1 */
    MERCURY_MAIL = 3,        /* [D] inbuf is the whole line: -1, -2, -3, 1 */
    MERCURY_RCPT = 5,        /* [I] as MAIL */
    MERCURY_RCPT_OK = 6,     /* [I] as MAIL_OK: Mercury has accepted it; inbuf is undefined */
    MERCURY_DATA = 7,        /* [I] the command; what may be returned is not known */
    MERCURY_DATA_HEADER = 8, /* [I] inbuf is a line of the header; what may be returned is not known */
    MERCURY_DATA_BODY = 9,   /* [D] between header and body; what may be returned is not known */
    MERCURY_CONNECT2 = 13,   /* [D] as CONNECT, after Mercury's own connection control and short-term list */
    MERCURY_CLOSE = 15,      /* [I] the session is over, as is ABORT: a working daemon hears both */
    MERCURY_ABORT = 16,
    MERCURY_RSET = 17 /* [I] the command */
};

/* What a handler returns [D]. -3 also puts the client on Mercury's own short-term list, which nobody can look
 * at; 1 is "authenticated" at AUTH, and elsewhere switches the site's own transaction filters off: neither is
 * ever returned. */
enum { MERCURY_GO_ON = 0, MERCURY_FAIL = -1, MERCURY_HANG_UP = -2 };

/* Bits of flags [D: names and values; I: what they mean but for AUTHENTICATED]. */
#define MERCURY_AUTHENTICATED     0x001u
#define MERCURY_EXEMPT_COMPLIANCE 0x020u /* exempt by MERCURYS.ACL */
#define MERCURY_BLESSED           0x200u /* by a transaction filter with action S */

/* Importance of a line for logstring [D]. Its kind is any number of ours; ten divides the "major" ones, and
 * another daemon uses 19400 [I]. */
enum { MERCURY_LOG_SIGNIFICANT = 10, MERCURY_LOG_NORMAL = 15, MERCURY_LOG_KIND = 19460 };

/* What Mercury looks up in the DLL: the name with an underscore first, then in capitals [D]; a daemon that
 * exports plain names works too [I]. exports.def has all three. All are optional. Each returns a short.
 *   startup(M_INTERFACE *, UINT_32 *flags, char *name, char *param)  flags gets 0 [D]; 1 is success, 0 "unload
 *                                                                    me" [I]. param is what stands behind the
 *                                                                    semicolon in DAEMON.INI
 *   closedown(M_INTERFACE *, UINT_32 code, char *name, char *param)  returns 0 [D]
 *   daemon(void *job, M_INTERFACE *, char *address, char *param)     for mail addressed to the daemon, or as
 *                                                                    global daemon for every job: 0 lets the
 *                                                                    job be [D]
 *   configure(M_INTERFACE *, char *name, char *param)                from a menu [D] */

#endif
