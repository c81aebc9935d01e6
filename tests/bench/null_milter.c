/*
 * null_milter.c - a libmilter filter that does nothing, to compare gatepost-milter with.
 *
 *     null_milter SOCKET [ordinary|lean]
 *
 * ordinary, the default, is a filter as most are written: a function for every phase, headers and body
 * included, each of which says "continue". It does not negotiate, so the MTA sends everything and waits for an
 * answer to each (no SMFIP_ flag). lean asks for what gatepost-milter asks for: SMFIP_NOBODY, NOEOH, NOUNKNOWN,
 * NR_CONN, NR_HDR, RCPT_REJ and HDR_LEADSPC, and for the same macros. The difference between lean and
 * gatepost-milter is the cost of judging. The difference between ordinary and gatepost-milter is what an
 * administrator sees.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmilter/mfapi.h>

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *from)
{
    (void)ctx, (void)hostname, (void)from;
    return SMFIS_CONTINUE;
}

static sfsistat on_connect_quietly(SMFICTX *ctx, char *hostname, _SOCK_ADDR *from)
{
    (void)ctx, (void)hostname, (void)from;
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    (void)ctx, (void)name;
    return SMFIS_CONTINUE;
}

static sfsistat on_envelope(SMFICTX *ctx, char **arguments)
{
    (void)ctx, (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_CONTINUE;
}

static sfsistat on_header_quietly(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
    (void)ctx, (void)bytes, (void)n;
    return SMFIS_CONTINUE;
}

static sfsistat on_event(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

static sfsistat on_event_quietly(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps, unsigned long f2,
                             unsigned long f3, unsigned long *use_actions, unsigned long *use_steps,
                             unsigned long *use_f2, unsigned long *use_f3)
{
    static const int without[] = {SMFIM_HELO, SMFIM_DATA, SMFIM_EOH, SMFIM_EOM};
    char at_connect[] = "j {client_ptr} {client_resolve} {daemon_addr} {daemon_port} {if_addr}";
    char at_mail[] = "{auth_authen} {auth_type}", at_rcpt[] = "{rcpt_mailer}", none[] = "";

    (void)f2, (void)f3;
    *use_actions = actions & SMFIF_SETSYMLIST;
    if (*use_actions) {
        smfi_setsymlist(ctx, SMFIM_CONNECT, at_connect);
        smfi_setsymlist(ctx, SMFIM_ENVFROM, at_mail);
        smfi_setsymlist(ctx, SMFIM_ENVRCPT, at_rcpt);
        for (size_t i = 0; i < sizeof without / sizeof *without; i++)
            smfi_setsymlist(ctx, without[i], none);
    }
    *use_steps = steps & (SMFIP_NOBODY | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_NR_HDR | SMFIP_NR_EOH |
                          SMFIP_RCPT_REJ | SMFIP_HDR_LEADSPC);
    *use_f2 = *use_f3 = 0;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    static char name[] = "null-milter";
    const int lean = argc == 3 && strcmp(argv[2], "lean") == 0;
    struct smfiDesc callbacks = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_connect = lean ? on_connect_quietly : on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_envelope,
        .xxfi_envrcpt = on_envelope,
        .xxfi_data = on_event,
        .xxfi_header = lean ? on_header_quietly : on_header,
        .xxfi_eoh = lean ? on_event_quietly : on_event,
        .xxfi_body = lean ? NULL : on_body,
        .xxfi_eom = on_event,
        .xxfi_abort = on_event,
        .xxfi_close = on_event,
        .xxfi_flags = lean ? SMFIF_SETSYMLIST : 0,
        .xxfi_negotiate = lean ? on_negotiate : NULL,
    };

    if (argc < 2 || argc > 3 || (argc == 3 && !lean && strcmp(argv[2], "ordinary") != 0)) {
        fputs("usage: null_milter SOCKET [ordinary|lean]\n", stderr);
        return 2;
    }
    if (smfi_register(callbacks) != MI_SUCCESS || smfi_setconn(argv[1]) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS) {
        fprintf(stderr, "null_milter: cannot listen on %s\n", argv[1]);
        return 3;
    }
    puts("ready");
    fflush(stdout);
    return smfi_main() == MI_SUCCESS ? 0 : 3;
}
