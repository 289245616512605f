"""What happens by itself: the processes that join contexts, and may react to the events of all of them."""

from domain.kit.context.context import ContextDomain
from domain.processes.account_lapse import AccountLapse
from domain.processes.account_mails import AccountMails
from domain.processes.address_proofs import AddressProofs
from domain.processes.contacts.mail_feedback import MailFeedback
from domain.processes.contacts.sender_mails import SenderMails
from domain.processes.contacts.subscription_mails import SubscriptionMails
from domain.processes.due_dates import DueDateReminder
from domain.processes.notification_mails import NotificationMails
from domain.processes.notifications import TaskNotifications
from domain.processes.payments.order_payments import OrderPayments
from domain.processes.project_memberships import ProjectMemberships
from domain.processes.session_expiry import SessionExpiry
from domain.processes.tenant_names import TenantNames
from domain.processes.webhooks.deliveries import WebhookDeliveries

CONTEXT = ContextDomain(
    package=__name__,
    processes=(
        DueDateReminder,
        TaskNotifications,
        ProjectMemberships,
        NotificationMails,
        AccountMails,
        AddressProofs,
        TenantNames,
        WebhookDeliveries,
        OrderPayments,
        SubscriptionMails,
        SenderMails,
        MailFeedback,
    ),
    platform_processes=(SessionExpiry, AccountLapse),
)
"""Processes that need more than ports, such as connections to every store, are made by what has these."""
