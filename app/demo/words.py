"""The words of the demo tenant's people, projects and tasks."""

FIRST_NAMES = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Femi", "Greta", "Hiro", "Ines", "Jonas",
    "Kavya", "Liam", "Marta", "Noor", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tala",
    "Ugo", "Vera", "Wanda", "Xenia", "Yusuf", "Zora",
)  # fmt: skip
LAST_NAMES = (
    "Andersson", "Barros", "Conti", "Dvorak", "Erdem", "Falade", "Gruber", "Hayashi", "Iglesias", "Jansen",
    "Krishnan", "Lynch", "Mazur", "Nasser", "Olsen", "Patel", "Roux", "Santos", "Thorsen", "Urbina",
    "Varga", "Weber", "Xavier", "Yilmaz", "Zimmer", "Zoric",
)  # fmt: skip
PROJECTS = (
    "Spring campaign", "Website relaunch", "Help centre", "Onboarding flow", "Billing clean-up",
    "Warehouse move", "Customer survey", "Mobile app 3", "Loyalty programme", "Partner portal",
    "Price list 2026", "Newsletter templates", "Returns process", "Search quality", "Data warehouse",
    "Brand refresh", "Office Lisbon", "Support hiring", "Churn analysis", "Invoice archive",
    "Event calendar", "Product photos", "Checkout speed", "Accessibility", "Spanish version",
    "Security review", "Carrier contracts", "Gift cards", "Review replies", "Sales training",
    "Packaging", "Summer sale", "Affiliate links", "Status page", "Cookie consent",
    "Holiday schedule", "Supplier audit", "Store locator", "Video tutorials", "Winter campaign",
)  # fmt: skip
VERBS = (
    "Draft", "Review", "Translate", "Fix", "Plan", "Update", "Measure", "Publish", "Order", "Test",
    "Call about", "Prepare", "Clean up", "Compare", "Document", "Schedule", "Approve", "Design",
)  # fmt: skip
OBJECTS = (
    "the landing page", "the welcome mail", "urgent refunds", "the price table", "the delivery times",
    "the FAQ", "the contact form", "the banner images", "the monthly figures", "the address import",
    "the discount codes", "the stock report", "the sign-up form", "the supplier list", "the return labels",
    "the product texts", "the tracking links", "the survey answers", "the tax settings", "the user guide",
    "the opening hours", "the error messages", "the search synonyms", "the invoice layout",
)  # fmt: skip
TAGS = (
    "urgent", "customer", "copy", "design", "finance", "legal", "mail", "mobile", "quick", "research",
    "shop", "stock", "support", "translation", "web", "waiting",
)  # fmt: skip
ABOUT = (
    "Customers ask for this every week.",
    "The old version confuses people; see the notes from the last call.",
    "Needs a second pair of eyes before it goes out.",
    "Agree the wording with support first.",
    "Part of the plan for the quarter.",
    "Only if there is time left; otherwise next month.",
    "The numbers must match the finance report.",
    "Check it on a small phone as well.",
)
WARES = (
    ("Enamel mug", "12.50"), ("Green tea, 100 g", "7.90"), ("Bread board", "24.00"), ("Linen apron", "39.00"),
    ("Sourdough starter", "4.50"), ("Rye flour, 1 kg", "3.20"), ("Proofing basket", "18.75"),
    ("Oven gloves", "15.00"), ("Cake tin", "21.30"), ("Rolling pin", "16.40"), ("Gift card", "50.00"),
    ("Recipe book", "29.95"),
)  # fmt: skip
STREETS = ("Hill Street", "Mill Lane", "Station Road", "Market Square", "Garden Row", "Harbour Street")
