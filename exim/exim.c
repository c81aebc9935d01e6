/*
 * exim.c - the Exim adapter: tells an engine what Exim knows, and tells Exim what the engine decides. No policy
 * here.
 *
 * Two ways in, one binary. gatepost() is called from the ACLs of every phase by ${dlfunc}:
 *
 *     ${dlfunc{gatepost-exim.so}{gatepost}{PHASE}{OPTIONS}{$sender_host_address}{$received_ip_address}{$received_port}
 *             {$primary_hostname}{$sender_host_authenticated}{PAYLOAD}}
 *
 *     PHASE      PAYLOAD
 *     version    -                       value "2": this module takes parsed addresses. Asked once, at connect, it says
 *                                        that all phases of this session will be told
 *     connect    -                       value "name": the rules need the client's name; call again with
 *     name       $sender_host_name       "?" if it could not be looked up now
 *     helo       $smtp_command
 *     mail rcpt  LENGTH ADDRESS $smtp_command     ADDRESS is Exim's own parse, LENGTH bytes of it. The include of 0.1.0
 *                                        gives $smtp_command alone
 *     predata    -
 *     data       $message_size, a blank, $message_headers_raw
 *
 * The value is empty, or the ACL verb and the reply: "deny 554 …", "drop 554 …", "defer 451 …". At RCPT it can be "hold
 * 554 …": the ACL accepts that recipient, and the value at DATA refuses the message. OPTIONS is the
 * path of the rule file, or words of the form config=PATH state-dir=PATH on-error=tempfail. local_scan(),
 * in local_scan.c, is for an Exim without ${dlfunc}. What both share is session.c.
 *
 * Exim runs one process per connection, so the session is static. A process that finds the state of its parent
 * forgets it: loading us into the daemon is harmless. Failures: value and log line of fail(); Exim itself never
 * sees an error.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* If the include calls the module in every phase, Exim may have accepted a greeting while the module was
 * missing. Exim then has its name. If Exim does not provide it, the greeting is not judged, rather than
 * judged as empty. */
static void tell_missed_helo(void)
{
    if (exim_self.greeted || exim_self.whole)
        return;
    if (!(expand_string || expand_string_2) || *exim_expand("$sender_helo_name"))
        exim_self.api->unknown(exim_self.session, GP_FACT_HELO);
    exim_self.greeted = true;
}

/* Exim counts the recipients it accepted: if one that the engine let pass is not among them, Exim has
 * rejected it. */
static void tell_last_rcpt(void)
{
    if (exim_self.rcpt_passed && &recipients_count && recipients_count <= exim_self.rcpt_before)
        exim_self.api->rcpt_rejected(exim_self.session);
    exim_self.rcpt_passed = false;
}

/* The ACL verb for a verdict. The first digit of the reply must fit it; Exim cannot close with a temporary
 * reply. */
static const char *verb_of(uint32_t action, uint32_t code)
{
    if (action == GP_HOLD)
        return "hold";
    if (code / 100 == 4)
        return "defer";
    return action == GP_CLOSE || action == GP_DROP ? "drop" : "deny";
}

/* The verdict as the value of the function: one line of printable text. */
static const char *value_of(int action, const struct gp_verdict *v)
{
    bool reply = v->reply && v->reply_size > 0 && (v->code / 100 == 4 || v->code / 100 == 5);

    if (action == GP_PASS)
        return "";
    /* Exim's drop always sends a reply: this is the nearest thing to a silent one. */
    snprintf(exim_self.value, sizeof exim_self.value, "%s %.*s",
             verb_of((uint32_t)action, reply ? v->code : 554), EXIM_REPLY_MAX,
             reply ? v->reply : "554 5.7.1 Transaction refused");
    for (char *p = exim_self.value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    return exim_self.value;
}

static const char *phase_connect(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    (void)payload;
    if (exim_name_missing())
        return "name";
    exim_self.connected = true;
    return value_of(exim_self.api->connect(exim_self.session, &v), &v);
}

static const char *phase_name(const char *payload)
{
    if (!exim_self.name_known)
        exim_tell_name(payload);
    return phase_connect("");
}

static const char *phase_helo(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    return value_of(exim_tell_helo(payload, &v), &v);
}

/* Splits "LENGTH ADDRESS LINE" and passes the address to TELL. Returns LINE; PAYLOAD itself if it is only a
 * line: a command does not begin with a digit. */
static const char *tell_parsed(const char *payload, void (*tell)(struct gp_session *session,
                                                                 const char *address, size_t n, uint32_t flags))
{
    char *address;
    unsigned long n;

    if (*payload < '0' || *payload > '9')
        return payload;
    n = strtoul(payload, &address, 10);
    if (*address != ' ' || n >= strlen(address + 1) || address[1 + n] != ' ')
        return payload;
    tell(exim_self.session, address + 1, n, 0);
    return address + n + 2;
}

static const char *phase_mail(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    /* Exim does not report RSET, but accepts MAIL only if no transaction is open. */
    if (exim_self.transaction)
        exim_self.api->reset(exim_self.session);
    exim_self.transaction = true;
    exim_self.judged = exim_self.rcpt_passed = false;
    payload = tell_parsed(payload, exim_self.api->mail_parsed);
    return value_of(exim_self.api->mail(exim_self.session, payload, strlen(payload), 0, &v), &v);
}

static const char *phase_rcpt(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};
    int action;

    tell_last_rcpt();
    payload = tell_parsed(payload, exim_self.api->rcpt_parsed);
    action = exim_self.api->rcpt(exim_self.session, payload, strlen(payload), 0, &v);
    exim_self.rcpt_passed = action == GP_PASS || action == GP_HOLD;
    exim_self.rcpt_before = &recipients_count ? recipients_count : 0;
    return value_of(action, &v);
}

static const char *phase_predata(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};

    (void)payload;
    tell_last_rcpt();
    return value_of(exim_self.api->data(exim_self.session, &v), &v);
}

static const char *phase_data(const char *payload)
{
    struct gp_verdict v = {.size = sizeof v};
    char *headers;
    long long size = strtoll(payload, &headers, 10);

    tell_last_rcpt();
    exim_self.judged = true;
    if (*headers == ' ')
        headers++;
    return value_of(exim_judge_message(headers, size > 0 ? (uint64_t)size : 0, &v), &v);
}

static const struct {
    const char *name;
    const char *(*judge)(const char *payload);
    bool after_helo;
} phases[] = {
    {"connect", phase_connect, false}, {"name", phase_name, false}, {"helo", phase_helo, false},
    {"mail", phase_mail, true},        {"rcpt", phase_rcpt, true},  {"predata", phase_predata, true},
    {"data", phase_data, true},
};

static const char *judge(const char *phase, const struct exim_peer *peer, const char *authenticated,
                         const char *payload)
{
    if (strcmp(phase, "version") == 0) {
        exim_self.whole = true;
        return "2";
    }
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        if (strcmp(phase, phases[i].name) != 0)
            continue;
        if (strcmp(phase, "connect") == 0)
            exim_self.address[0] = '\0'; /* a new connection, whatever this process did before */
        if (!exim_session_ready(peer))
            return exim_self.options.tempfail ? "defer 451 4.3.0 Temporary local problem" : "";
        exim_tell_auth(authenticated);
        if (phases[i].after_helo)
            tell_missed_helo();
        return phases[i].judge(payload);
    }
    return ""; /* also called by a daemon that only wants the module loaded */
}

GP_EXPORT int gatepost(uschar **yield, int argc, uschar *argv[]);
int gatepost(uschar **yield, int argc, uschar *argv[])
{
    const char *a[8];
    const char *value = "";

    for (int i = 0; i < 8; i++)
        a[i] = i < argc ? exim_text(argv[i]) : "";
    exim_own_process();
    if (*a[2]) /* else a local client (exim -bs): not judged */
        value = judge(a[0], &(struct exim_peer){a[1], a[2], a[3], a[4], a[5]}, a[6], a[7]);
    if (value != exim_self.value)
        snprintf(exim_self.value, sizeof exim_self.value, "%s", value);
    *yield = (uschar *)exim_self.value; /* Exim copies it at once */
    return EXIM_DLFUNC_OK;
}
