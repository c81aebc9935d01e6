/* msevent.h - as daemon.h beside it. */
#ifndef STAND_IN_MSEVENT_H
#define STAND_IN_MSEVENT_H

#pragma pack(push, 1)
typedef struct {
    INT_32 (*add_header)(void *reserved, char *header, INT_32 allow_dupes);
    INT_32 (*get_header)(void *reserved, char *name, char *buf, INT_32 len);
    INT_32 (*get_all_headers)(void *reserved, char *buf, INT_32 len);
    INT_32 (*readline)(void *reserved, char *buf, INT_32 len);
    INT_32 (*writeline)(void *reserved, char *buf);
    INT_32 (*consoletext)(void *reserved, char *text);
    INT_32 (*loggingtext)(void *reserved, char errcode, char *text);
} MSEVENTFN;

typedef struct {
    UINT_32 sversion, ssize;
    void *reserved;
    MSEVENTFN *functions;
    UINT_32 flags, start_time, trans_id, port, msize;
    char *client;
    INT_32 rplen;
    char *return_path;
    INT_32 rcpts, bad_rcpts, relay_attempts, discard_reason, inbuflen;
    char *inbuf;
    char outbuf[1024];
    INT_32 bad_cmds;
} MSEVENTBUF;
#pragma pack(pop)

#endif
