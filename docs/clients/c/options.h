/* The options of the program, and the key files they name. */
#ifndef OPTIONS_H
#define OPTIONS_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const usage =
    "usage: subscriber [options] ENDPOINT          the endpoint of the results, as tcp://line1:5550\n"
    "  -p PREFIX        v1/, v1/LINE/ or v1/LINE/CAMERA/ (default v1/: all)\n"
    "  -k SERVER.key    public key of the line, for CURVE\n"
    "  -c CLIENT.key_secret   this program's own keys, for CURVE\n"
    "  -r ENDPOINT      the recovery socket, where heartbeats do not say it rightly; none: do not ask\n"
    "  -s epoch|now|FILE   begin with the running epoch (default), with what comes now, or behind what this program printed into FILE\n"
    "  -n COUNT         end after so many lines\n";

static struct {
    const char *endpoint, *prefix, *since, *recovery, *server_file, *client_file;
    long long most; /* lines to print; 0: all */
    char server_key[41], public_key[41], secret_key[41];
} option = {.prefix = "v1/", .since = "epoch"};

static void fail(const char *what, const char *why, int status) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(status);
}

/* Reads `name = "..."` from a ZeroMQ certificate. A key is 40 characters of Z85, among which # and = may be, but no quotation mark. */
static void read_key(const char *path, const char *name, char *key) {
    char line[256], format[64];
    struct stat state;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &state)) fail(path, "cannot be read", 2);
    if (strcmp(name, "secret-key") == 0 && state.st_mode & 077 && strncmp(path, "/run/credentials/", 17)) { /* systemd guards those */
        snprintf(line, sizeof line, "others can read it: chmod 600 %.200s", path);
        fail(path, line, 2);
    }
    snprintf(format, sizeof format, " %s = \"%%40[^\"]\"", name);
    for (*key = 0; strlen(key) != 40 && fgets(line, sizeof line, file);) sscanf(line, format, key);
    fclose(file);
    const char *lacking = strcmp(name, "secret-key") ? "holds no public-key of 40 characters" : "holds no secret-key: give the file .key_secret";
    if (strlen(key) != 40) fail(path, lacking, 2);
}

static void read_options(int count, char **words) {
    for (int letter; (letter = getopt(count, words, "p:k:c:r:s:n:")) != -1;) {
        if (letter == 'p') option.prefix = optarg;
        else if (letter == 'k') option.server_file = optarg;
        else if (letter == 'c') option.client_file = optarg;
        else if (letter == 'r') option.recovery = optarg;
        else if (letter == 's') option.since = optarg;
        else if (letter == 'n' && (option.most = atoll(optarg)) > 0) continue;
        else fputs(usage, stderr), exit(2);
    }
    if (optind != count - 1 || !option.server_file != !option.client_file) fputs(usage, stderr), exit(2);
    option.endpoint = words[optind];
    int slashes = 0;
    for (const char *at = option.prefix; *at; at++) slashes += *at == '/';
    if (strncmp(option.prefix, "v1/", 3) || slashes > 3 || option.prefix[strlen(option.prefix) - 1] != '/')
        fail(option.prefix, "must be v1/, v1/LINE/ or v1/LINE/CAMERA/: less would leave holes in the numbers", 2);
    if (!option.server_file) return;
    read_key(option.server_file, "public-key", option.server_key);
    read_key(option.client_file, "public-key", option.public_key);
    read_key(option.client_file, "secret-key", option.secret_key);
}

#endif
