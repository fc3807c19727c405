package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// The whole application, from the first page to a completed deposit and a cancelled withdrawal.
func TestApplication(t *testing.T) {
	b := startBrowser(t)
	a := startApplication(t)
	ada := a.visit(t, b, "ada@example.com", platform())
	ada.do(chromedp.Navigate(a.origin))
	ada.takeFullPicture("1 sign in")
	ada.do(chromedp.SendKeys(chromedp.CSS("#email"), ada.email))
	ada.press("Send me a code")
	ada.at("/code")
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), "wrong"))
	ada.press("Sign in")
	ada.has("The code is wrong or too old.")
	ada.takeFullPicture("2 code")
	ada.do(chromedp.SendKeys(chromedp.CSS("#code"), ada.code()))
	ada.press("Sign in")
	ada.at("/account")
	ada.has("Create a passkey first")
	ada.takeFullPicture("3 account without a passkey")

	ada.goTo("Passkeys")
	ada.takeFullPicture("4 no passkeys")
	ada.createPasskey("Ada's phone")
	ada.takeFullPicture("5 passkeys")

	ada.goTo("Account")
	ada.takeFullPicture("6 account that is not active")
	ada.activate("Base")
	ada.order("Dollar savings", "Deposit", "1250.50")
	ada.becomes("Completed")
	ada.has("Deposit of 1,250.50 USDC")
	ada.takeFullPicture("7 completed deposit")
	ada.goTo("Account")
	ada.has("You have 1,250.50 USDC")
	ada.has("USDC 15,000.00 Wallet on Base 8,749.50")

	ada.activate("Ethereum")
	ada.order("Dollar term savings", "Deposit", "600")
	ada.becomes("Completed")
	ada.goTo("Account")
	ada.order("Dollar term savings", "Withdraw", "200")
	ada.becomes("Queued")
	ada.takeFullPicture("8 queued withdrawal")
	ada.goTo("Account")
	ada.has("Queued for withdrawal 200.00 USDC")
	ada.takeFullPicture("9 account with a queued withdrawal")
	ada.do(chromedp.NavigateBack())
	ada.becomes("Queued")
	ada.tries("Cancel the withdrawal")
	ada.becomes("Cancelled")
	ada.until(`document.getElementById("cancel").hidden`)
	ada.takeFullPicture("10 cancelled withdrawal")
	ada.goTo("Account")
	ada.has("Dollar term savings USDC on Ethereum 8.7 % a year You have 600.00 USDC")
	ada.takeFullPicture("11 account at the end")
	ada.do(chromedp.EmulateViewport(1280, 800))
	ada.takePicture("12 account on a desktop")

	ada.do(chromedp.Click(chromedp.CSS("header form.out button")))
	ada.at("/")
	ada.do(chromedp.NavigateBack())
	ada.at("/")
	assert.Equal(t, []string{"200", "200", "200", "200", "202", "200"}, a.outcomes("sign_payload_passkey"))
}
