/*
 * host.c - the smallest mail server that asks gatepost. It speaks SMTP on standard input and output, as a
 * program under inetd does, and throws good messages away. It takes commands in any order, which a real server
 * must not.
 *
 *   example-host CONF CLIENT-ADDRESS
 */
#define _POSIX_C_SOURCE 200809L

#include "core/gatepost.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void log_line(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level;
    fprintf(stderr, "%.*s\n", (int)n, line);
}

/* Says our reply, or GOOD if there is no objection. Returns whether the connection stays open. */
static int answer(int action, const struct gp_verdict *v, const char *good)
{
    if (action != GP_DROP)
        printf("%s\r\n", action == GP_PASS ? good : v->reply);
    return action != GP_CLOSE && action != GP_DROP;
}

/* One command line. Returns whether the connection stays open; sets *IN_DATA after a good DATA. */
static int command(const struct gp_api *api, struct gp_session *s, const char *line, size_t n, int *in_data)
{
    struct gp_verdict v = {.size = sizeof v};
    if (strncasecmp(line, "HELO", 4) == 0 || strncasecmp(line, "EHLO", 4) == 0)
        return answer(api->helo(s, line, n, 0, &v), &v, "250 mx.example.com");
    if (strncasecmp(line, "MAIL", 4) == 0)
        return answer(api->mail(s, line, n, 0, &v), &v, "250 Sender ok");
    if (strncasecmp(line, "RCPT", 4) == 0)
        return answer(api->rcpt(s, line, n, 0, &v), &v, "250 Recipient ok");
    if (strncasecmp(line, "DATA", 4) == 0) {
        int action = api->data(s, &v);
        *in_data = action == GP_PASS;
        return answer(action, &v, "354 Go ahead");
    }
    if (strncasecmp(line, "RSET", 4) == 0)
        api->reset(s);
    printf("%s\r\n", strncasecmp(line, "QUIT", 4) == 0 ? "221 Bye" : "250 Ok");
    return strncasecmp(line, "QUIT", 4) != 0;
}

static void serve(const struct gp_api *api, struct gp_session *s)
{
    char line[1024];
    struct gp_verdict v = {.size = sizeof v};
    int in_data = 0;
    int open = answer(api->connect(s, &v), &v, "220 mx.example.com ESMTP");
    while (open && fgets(line, sizeof line, stdin)) {
        if (!in_data) {
            open = command(api, s, line, strlen(line), &in_data);
        } else if (strcmp(line, ".\r\n") == 0 || strcmp(line, ".\n") == 0) {
            open = answer(api->end_of_message(s, 0, &v), &v, "250 Message accepted");
            in_data = 0;
        } else {
            const char *text = line[0] == '.' ? line + 1 : line;
            api->header_text(s, text, strlen(text)); /* takes no notice of the body */
        }
    }
}

int main(int argc, char **argv)
{
    const struct gp_api *api = gatepost_api(GP_API_MAJOR);
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options options = {.size = sizeof options, .flags = GP_NO_STATE, .host = &host};
    struct gp_client client = {.size = sizeof client, .local_name = "mx.example.com", .local_name_size = 14};
    struct gp_error error = {.size = sizeof error};
    struct gp_engine *engine;
    struct gp_session *session;
    if (!api || argc != 3)
        return 2;
    options.config = argv[1];
    client.address = argv[2];
    client.address_size = strlen(argv[2]);
    if (api->engine_open(&options, &engine, &error) < 0) {
        fprintf(stderr, "%s\n", error.message);
        return 3;
    }
    if (api->session_open(engine, &client, &session) == 0) {
        serve(api, session);
        api->session_close(&session);
    }
    api->engine_close(&engine);
    return 0;
}
