package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// curl is as much of curl as the README uses. Other than curl it fails on a
// status of 400 and above.
func curl(args []string) int {
	method, body, url := "", "", ""
	header := http.Header{}
	for len(args) > 0 {
		switch {
		case !strings.HasPrefix(args[0], "-"):
			url, args = args[0], args[1:]
			continue
		case len(args) == 1:
			return complain("curl", fmt.Errorf("%s has no value", args[0]))
		case args[0] == "-X":
			method = args[1]
		case args[0] == "-d":
			body = args[1]
		case args[0] == "-H":
			name, value, _ := strings.Cut(args[1], ": ")
			header.Set(name, value)
		default:
			return complain("curl", fmt.Errorf("%s is not known to the test", args[0]))
		}
		args = args[2:]
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return complain("curl", err)
	}
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return complain("curl", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return complain("curl", err)
	}
	if answer.StatusCode >= 400 {
		return complain("curl", fmt.Errorf("status %d", answer.StatusCode))
	}
	return 0
}

// nats is as much of the nats command line as the README uses: pub and
// request, each with a subject and a body. NATS_URL says where. It speaks the
// protocol itself: only the package stream may know a NATS client.
func nats(args []string) int {
	if len(args) != 3 || args[0] != "pub" && args[0] != "request" {
		return complain("nats", fmt.Errorf("%q is not known to the test: want pub or request, a subject and a body", args))
	}
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(os.Getenv("NATS_URL"), "nats://"), 10*time.Second)
	if err != nil {
		return complain("nats", err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	subject, body := args[1], args[2]
	fmt.Fprintf(conn, "CONNECT {\"verbose\":false,\"headers\":false}\r\n")
	if args[0] == "pub" {
		fmt.Fprintf(conn, "PUB %s %d\r\n%s\r\nPING\r\n", subject, len(body), body)
	} else {
		fmt.Fprintf(conn, "SUB answer.here 1\r\nPUB %s answer.here %d\r\n%s\r\n", subject, len(body), body)
	}
	return complain("nats", listen(bufio.NewReader(conn)))
}

// listen reads what a NATS server says up to an answer, which it prints, or
// to the PONG that shows that it has taken all before.
func listen(from *bufio.Reader) error {
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return err
		}
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "INFO" || words[0] == "PING":
		case words[0] == "PONG":
			return nil
		case words[0] == "MSG":
			n, err := strconv.ParseInt(words[len(words)-1], 10, 64)
			if err != nil {
				return err
			}
			_, err = io.CopyN(os.Stdout, from, n)
			return err
		default:
			return fmt.Errorf("the server says %q", line)
		}
	}
}

func complain(who string, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", who, err)
	return 1
}
