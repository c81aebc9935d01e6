/*
 * host.c - the smallest mail server that uses gatepost. It speaks SMTP on standard input and output and discards
 * good messages. It accepts commands in any order and lines of 1,023 bytes at most; sink.c does better.
 *
 *   host LIBRARY CONF CLIENT-ADDRESS
 */
#include <dlfcn.h>
#include <gatepost.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void log_line(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level;
    fprintf(stderr, "%.*s\n", (int)n, line);
}

/* Returns the engine's functions, or NULL after printing why not. */
static const struct gp_api *load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    gp_api_entry *entry = handle ? (gp_api_entry *)dlsym(handle, "gatepost_api") : NULL;
    const struct gp_api *api = entry ? entry(GP_API_MAJOR) : NULL;
    if (!entry)
        fprintf(stderr, "%s\n", dlerror());
    else if (!api)
        fprintf(stderr, "%s does not speak version %u\n", library, GP_API_MAJOR);
    return api;
}

/* Sends the reply of the verdict, or GOOD if it is to pass. Returns whether the connection stays open. */
static int answer(int action, const struct gp_verdict *v, const char *good)
{
    if (action != GP_DROP)
        printf("%s\r\n", action == GP_PASS ? good : v->reply);
    return action != GP_CLOSE && action != GP_DROP;
}

static void serve(const struct gp_api *api, struct gp_session *s)
{
    char line[1024];
    struct gp_verdict v = {.size = sizeof v};
    int in_data = 0, open = answer(api->connect(s, &v), &v, "220 mx.example.com ESMTP");
    while (open && fgets(line, sizeof line, stdin)) {
        const size_t n = strlen(line), dot = line[0] == '.';
        if (in_data && (strcmp(line, ".\r\n") == 0 || strcmp(line, ".\n") == 0)) {
            in_data = 0;
            open = answer(api->end_of_message(s, 0, &v), &v, "250 Message accepted");
        } else if (in_data) {
            api->header_text(s, line + dot, n - dot); /* it ignores the body */
        } else if (strncasecmp(line, "HELO", 4) == 0 || strncasecmp(line, "EHLO", 4) == 0) {
            open = answer(api->helo(s, line, n, 0, &v), &v, "250 mx.example.com");
        } else if (strncasecmp(line, "MAIL", 4) == 0) {
            open = answer(api->mail(s, line, n, 0, &v), &v, "250 Sender ok");
        } else if (strncasecmp(line, "RCPT", 4) == 0) {
            open = answer(api->rcpt(s, line, n, 0, &v), &v, "250 Recipient ok");
        } else if (strncasecmp(line, "DATA", 4) == 0) {
            in_data = api->data(s, &v) == GP_PASS;
            open = answer((int)v.action, &v, "354 Go ahead");
        } else {
            open = strncasecmp(line, "QUIT", 4) != 0;
            puts(open ? "250 Ok\r" : "221 Bye\r");
        }
    }
}

int main(int argc, char **argv)
{
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options options = {.size = sizeof options, .flags = GP_NO_STATE, .host = &host};
    struct gp_client client = {.size = sizeof client, .local_name = "mx.example.com", .local_name_size = 14};
    struct gp_error error = {.size = sizeof error};
    struct gp_engine *engine;
    struct gp_session *session;
    const struct gp_api *api = argc == 4 ? load(argv[1]) : NULL;
    if (!api)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    options.config = argv[2];
    client.address = argv[3];
    client.address_size = strlen(argv[3]);
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
