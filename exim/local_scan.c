/*
 * local_scan.c - the module for an Exim without ${dlfunc}: local_scan() judges the whole transaction after the
 * final dot. It does not judge what gatepost() has judged. Its options are $acl_c_gatepost_options, if an ACL
 * has set that.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session.h"

/* The greeting, unless the engine had it already. Exim keeps its name and whether it was EHLO. */
static int scan_helo(struct gp_verdict *v)
{
    const char *name = exim_expand("$sender_helo_name");
    bool plain = &received_protocol && strcasecmp(exim_text(received_protocol), "smtp") == 0;
    size_t size = strlen(name) + sizeof "EHLO ";
    char *line;
    int action = GP_PASS;

    if (!*name)
        return GP_PASS;
    line = malloc(size);
    if (!line) {
        exim_self.api->unknown(exim_self.session, GP_FACT_HELO);
        return GP_PASS;
    }
    snprintf(line, size, "%s %s", plain ? "HELO" : "EHLO", name);
    if (!exim_self.helo || strcmp(line, exim_self.helo) != 0)
        action = exim_tell_helo(line, v);
    free(line);
    /* A greeting that failed is judged again for the next message, because here it has no reply of its own. */
    if (action != GP_PASS && exim_self.helo)
        exim_self.helo[0] = '\0';
    return action;
}

/* Connection and greeting, if this session has not judged them yet. */
static int scan_session(struct gp_verdict *v)
{
    int action = GP_PASS;

    if (exim_name_missing()) {
        const char *name = exim_expand("$sender_host_name");
        exim_tell_name(*name ? name : strcmp(exim_expand("$host_lookup_deferred"), "1") == 0 ? "?" : "");
    }
    if (!exim_self.connected)
        action = exim_self.api->connect(exim_self.session, v);
    exim_self.connected = true;
    if (&sender_host_authenticated)
        exim_tell_auth(exim_text(sender_host_authenticated));
    return action == GP_PASS ? scan_helo(v) : action;
}

/* The envelope, as Exim parsed it. One refused recipient rejects the whole message: none is ever dropped
 * silently. */
static int scan_envelope(struct gp_verdict *v)
{
    const char *sender = exim_text(&sender_address ? sender_address : NULL);
    int action;

    exim_self.api->mail_parsed(exim_self.session, sender, strlen(sender), 0);
    action = exim_self.api->mail(exim_self.session, sender, strlen(sender), GP_ARGUMENT, v);
    if (&recipients_list && &recipients_count)
        for (int i = 0; action == GP_PASS && i < recipients_count; i++) {
            const char *rcpt = exim_text(recipients_list[i].address);
            exim_self.api->rcpt_parsed(exim_self.session, rcpt, strlen(rcpt), 0);
            action = exim_self.api->rcpt(exim_self.session, rcpt, strlen(rcpt), GP_ARGUMENT, v);
            if (action == GP_HOLD) /* the message is refused below, once its header was heard */
                action = GP_PASS;
        }
    return action;
}

/* The reply without its code, which Exim writes itself. */
static int scan_reply(const struct gp_verdict *v, uschar **text)
{
    const char *reply = v->reply && v->reply_size > 4 ? v->reply + 4 : "5.7.1 Transaction refused";

    snprintf(exim_self.value, sizeof exim_self.value, "%.*s", EXIM_REPLY_MAX, reply);
    *text = (uschar *)exim_self.value;
    return v->code / 100 == 4 ? EXIM_SCAN_TEMPREJECT : EXIM_SCAN_REJECT;
}

static int scan(const struct exim_peer *peer, uschar **text)
{
    struct gp_verdict v = {.size = sizeof v};
    bool judged, envelope_told;
    int action;

    if (!exim_session_ready(peer)) {
        snprintf(exim_self.value, sizeof exim_self.value, "4.3.0 Temporary local problem");
        *text = (uschar *)exim_self.value;
        return exim_self.options.tempfail ? EXIM_SCAN_TEMPREJECT : EXIM_SCAN_ACCEPT;
    }
    judged = exim_self.judged;
    envelope_told = exim_self.transaction;
    exim_self.judged = exim_self.transaction = false;
    if (judged)
        return EXIM_SCAN_ACCEPT;
    action = envelope_told ? GP_PASS : scan_session(&v);
    if (action == GP_PASS && !envelope_told)
        action = scan_envelope(&v);
    if (action == GP_PASS)
        action = exim_judge_message("", strtoull(exim_expand("$message_size"), NULL, 10), &v);
    else
        exim_self.api->reset(exim_self.session);
    return action == GP_PASS ? EXIM_SCAN_ACCEPT : scan_reply(&v, text);
}

GP_EXPORT int local_scan(int fd, uschar **return_text);
int local_scan(int fd, uschar **return_text)
{
    char port[16];
    struct exim_peer peer;

    (void)fd;
    exim_own_process();
    peer.address = &sender_host_address ? exim_text(sender_host_address) : "";
    if (!*peer.address || !&header_list) /* a local message, or an Exim that does not export what the module
                                          * would judge */
        return EXIM_SCAN_ACCEPT;
    snprintf(port, sizeof port, "%d", &interface_port ? interface_port : 0);
    peer.options = exim_expand("$acl_c_gatepost_options");
    peer.local_address = &interface_address ? exim_text(interface_address) : "";
    peer.local_port = port;
    peer.local_name = exim_expand("$primary_hostname");
    return scan(&peer, return_text);
}

/* The interface that local_scan() is built for, -DLOCAL_SCAN_ABI=MAJOR.MINOR. Exim refuses another major and a
 * later minor. */
#define STRING(x)       #x
#define STRING_VALUE(x) STRING(x)
static const char scan_abi[] = STRING_VALUE(LOCAL_SCAN_ABI);

GP_EXPORT int local_scan_version_major(void);
int local_scan_version_major(void)
{
    return (int)strtol(scan_abi, NULL, 10);
}

GP_EXPORT int local_scan_version_minor(void);
int local_scan_version_minor(void)
{
    const char *dot = strchr(scan_abi, '.');

    return dot ? (int)strtol(dot + 1, NULL, 10) : 0;
}
