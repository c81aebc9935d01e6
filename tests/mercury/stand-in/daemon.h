/*
 * daemon.h - stands in for the header of that name in the vendor's developer kit, which is not ours to copy.
 * Written by us from the facts, so that -DUSE_VENDOR_DAEMON_H is compiled in every test run; it proves nothing
 * about the kit itself.
 */
#ifndef STAND_IN_DAEMON_H
#define STAND_IN_DAEMON_H

typedef short INT_16;
typedef long INT_32;
typedef unsigned long UINT_32;
typedef INT_32 (*EVENTPROC)(UINT_32 module, UINT_32 event, void *edata, void *cdata);

#pragma pack(push, 1)
typedef struct {
    long dsize;
    char vmajor, vminor;
    HWND hMDIParent;
    unsigned int (*get_variable)(int index);
    FARPROC others[86];
    void (*logstring)(INT_16 ltype, INT_16 priority, char *str);
    FARPROC more[86];
    INT_32 (*register_event_handler)(UINT_32 module, UINT_32 event, EVENTPROC eproc, void *cdata);
    INT_32 (*deregister_event_handler)(UINT_32 module, UINT_32 event, EVENTPROC eproc);
    FARPROC rest[51];
} M_INTERFACE;
#pragma pack(pop)

#endif
